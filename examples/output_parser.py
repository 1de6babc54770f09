"""Output parsers: what the call returns is what your function makes of the response."""

from _answering import answering

from mirascope import llm


def lines(response: llm.CallResponse) -> list[str]:
    return [line.strip("- ") for line in response.content.splitlines() if line.strip()]


@llm.call(provider="openai", model="gpt-4o-mini", output_parser=lines)
def titles(genre: str) -> str:
    return f"Name three {genre} books, a line each, with nothing else."


def main() -> None:
    for number, title in enumerate(titles("fantasy"), start=1):
        print(number, title)


if __name__ == "__main__":
    with answering():
        main()
