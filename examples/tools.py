"""Tools: a class or a function that the model may call; you run it."""

from _answering import answering
from pydantic import Field

from mirascope import BaseTool, llm


class FindBook(BaseTool):
    """Look a book up in the library's catalogue."""

    title: str
    author: str = Field(description="First and last name")

    def call(self) -> str:
        return f"{self.title} by {self.author}: shelf 7"


def opening_hours(date: str) -> str:
    """Say when the library is open.

    Args:
        date: A day, as YYYY-MM-DD.
    """
    return f"On {date} the library is open from 9 to 17."


@llm.call(provider="openai", model="gpt-4o-mini", tools=[FindBook])
def find(wish: str) -> str:
    return f"Use the catalogue to find {wish}."


@llm.call(provider="openai", model="gpt-4o-mini", tools=[opening_hours])
def ask_hours(question: str) -> str:
    return question


def main() -> None:
    response = find("The Name of the Wind by Patrick Rothfuss")
    if isinstance(tool := response.tool, FindBook):
        print("find:", tool.call())
    for tool in ask_hours("When are you open on 2025-01-15?").tools or []:
        print(f"{tool._name()}:", tool.call())


if __name__ == "__main__":
    with answering():
        main()
