"""Dynamic configuration: tools, parameters and metadata that depend on the arguments."""

from _answering import answering

from mirascope import BaseDynamicConfig, Messages, llm


def find_book(title: str) -> str:
    """Find the shelf of a book."""
    return f"{title}: shelf 7"


@llm.call(provider="openai", model="gpt-4o-mini")
def assist(wish: str, is_member: bool) -> BaseDynamicConfig:
    return {
        "messages": [Messages.User(wish)],
        "tools": [find_book] if is_member else [],
        "call_params": {"max_tokens": 500 if is_member else 5},
        "metadata": {"tags": {"member" if is_member else "guest"}},
    }


def main() -> None:
    member = assist("Where is The Name of the Wind?", is_member=True)
    guest = assist("Where is The Name of the Wind?", is_member=False)
    print(member.metadata, member.tool.call() if member.tool else member.content)
    print(guest.metadata, guest.content, guest.finish_reasons)


if __name__ == "__main__":
    with answering():
        main()
