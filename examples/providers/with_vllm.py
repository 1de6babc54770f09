"""vLLM: parameters that only the server knows, and thoughts.

VLLM_BASE_URL=http://localhost:8000/v1 python examples/providers/with_vllm.py
"""

from _keys import sandbox_without

from mirascope import llm


@llm.call(
    "vllm",
    "Qwen/Qwen3-0.6B",
    call_params={"extra_body": {"top_k": 20, "repetition_penalty": 1.1}},
)
def weigh(question: str) -> str:
    return question


def main() -> None:
    response = weigh("Emma or Persuasion for a beginner?")
    print("thought:", response.thinking)
    print("answer:", response.content)


if __name__ == "__main__":
    # A strict sandbox refuses what OpenAI does not have.
    with sandbox_without("VLLM_BASE_URL", strict=False) as box:
        if box:
            box.reply("Emma.", thinking="Both are by Austen.")
        main()
