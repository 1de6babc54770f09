"""An agent: the model calls tools until it can answer."""

from _answering import answering

from mirascope import Messages, llm

SHELVES = {"The Name of the Wind": 7, "Emma": 3}


def find_book(title: str) -> str:
    """Find the shelf of a book."""
    shelf = SHELVES.get(title)
    return f"{title} is on shelf {shelf}." if shelf else f"{title} is not here."


@llm.call(provider="openai", model="gpt-4o-mini", tools=[find_book])
def librarian(question: str) -> Messages.Type:
    return [Messages.System("You are a librarian. Use the catalogue."), Messages.User(question)]


def show(tool: llm.OfferedTool | None, call: llm.ToolCall) -> None:
    """Called before a tool runs; raise `llm.CancelToolCall` to forbid it."""
    print("tool:", call.name, call.arguments)


def main() -> None:
    # The loop, ready-made: it ends when the model calls no more tools, or after five turns.
    chain = llm.chain(librarian, before_call=show, chain_limit=5)
    answer = chain("Where is The Name of the Wind?")
    print("answer:", answer.text())
    print(len(list(answer.responses())), "turns")


if __name__ == "__main__":
    with answering():
        main()
