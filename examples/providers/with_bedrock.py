"""Amazon Bedrock: parameters of one maker's models, a cached prompt, a guardrail."""

from _keys import sandbox_without

from mirascope import llm, prompt_template
from mirascope.core import bedrock


# What only some models have goes through as it is.
@bedrock.call(
    "anthropic.claude-haiku-4-5-20251001-v1:0",
    call_params={"max_tokens": 200, "additionalModelRequestFields": {"top_k": 20}},
)
@prompt_template(
    """
    SYSTEM: You know this book: {book} {:cache_control}
    USER: {question}
    """
)
def ask(book: str, question: str) -> None: ...


@llm.call(
    "bedrock",
    "amazon.nova-lite-v1:0",
    call_params={
        "guardrailConfig": {"guardrailIdentifier": "no-spoilers", "guardrailVersion": "1"}
    },
)
def spoil(book: str) -> str:
    return f"How does {book} end?"


def main() -> None:
    response = ask("Call me Ishmael. …", "Who tells the story?")
    print("answer:", response.content, response.finish_reasons)
    print("milliseconds:", response.response["metrics"]["latencyMs"] >= 0)

    # What a guardrail stops ends as it does with other providers.
    stopped = spoil("Emma")
    print("stopped:", stopped.content, stopped.finish_reasons)


if __name__ == "__main__":
    with sandbox_without("AWS_ACCESS_KEY_ID") as box:
        if box:
            box.reply("Ishmael.")
            box.reply("I do not tell endings.", finish_reason="guardrail_intervened")
        main()
