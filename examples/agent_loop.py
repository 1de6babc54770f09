"""The loop of an agent by hand: for when you want each of its steps in your own code."""

from _answering import answering

from mirascope import BaseMessageParam, BaseTool, Messages, llm


class FindBook(BaseTool):
    """Find the shelf of a book."""

    title: str

    def call(self) -> str:
        return f"{self.title}: shelf 7"


@llm.call(provider="openai", model="gpt-4o-mini", tools=[FindBook])
def librarian(history: list[BaseMessageParam]) -> Messages.Type:
    return [Messages.System("You are a librarian."), *history]


def main() -> None:
    history = [Messages.User("Where is The Name of the Wind?")]
    response = librarian(history)
    while tools := response.tools:
        outputs = [(tool, tool.call()) for tool in tools]
        for tool, output in outputs:
            print("tool:", tool.args, "->", output)
        history += [
            response.message_param,
            *response.tool_message_params(outputs),
        ]
        response = librarian(history)
    print("answer:", response.content)


if __name__ == "__main__":
    with answering():
        main()
