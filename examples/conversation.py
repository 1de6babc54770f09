"""A conversation: each prompt is sent with what was said before it; it can be saved."""

import json

from _answering import answering

from mirascope import llm


def main() -> None:
    conversation = llm.get_model().conversation(system="You are a librarian.")
    print(conversation.prompt("I like pelicans.").text())
    for text in conversation.prompt("What do I like?"):
        print(text, end="", flush=True)
    print()

    saved = json.dumps(conversation.to_dict())
    restored = llm.Conversation.from_dict(json.loads(saved))
    print(restored.prompt("And how do they fish?").text())
    print([message.role for message in restored.messages()])


if __name__ == "__main__":
    with answering():
        main()
