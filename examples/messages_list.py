"""Prompts as messages: a system prompt, few-shot examples, the question."""

from _answering import answering

from mirascope import Messages, llm


@llm.call(provider="openai", model="gpt-4o-mini")
def classify(review: str) -> Messages.Type:
    return [
        Messages.System("Answer with one word: good or bad."),
        Messages.User("I could not put it down."),
        Messages.Assistant("good"),
        Messages.User("I fell asleep on page two."),
        Messages.Assistant("bad"),
        Messages.User(review),
    ]


def main() -> None:
    response = classify("Read it twice already.")
    print([message.role for message in response.common_messages])
    print(response.content)


if __name__ == "__main__":
    with answering():
        main()
