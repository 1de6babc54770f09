"""Prompts as templates: roles, lists, history and computed fields."""

from _answering import answering

from mirascope import BaseDynamicConfig, BaseMessageParam, Messages, llm, prompt_template


@llm.call(provider="openai", model="gpt-4o-mini")
@prompt_template(
    """
    SYSTEM: You are a librarian. Never recommend these:
    {known:list}
    MESSAGES: {history}
    USER: Recommend a {genre} book for {season}.
    """
)
def recommend(
    genre: str, known: list[str], history: list[BaseMessageParam], month: int
) -> BaseDynamicConfig:
    return {"computed_fields": {"season": "summer" if 5 <= month <= 9 else "winter"}}


def main() -> None:
    history = [Messages.User("I read on the train."), Messages.Assistant("Short books, then?")]
    response = recommend("fantasy", ["Eragon", "Stardust"], history, month=12)
    for message in response.messages:
        print(f"{message.role}: {message.content}")
    print("->", response.content)


if __name__ == "__main__":
    with answering():
        main()
