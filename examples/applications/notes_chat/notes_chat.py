"""A chat in the terminal, with a model that keeps your notes: it reads and writes one folder.

python examples/applications/notes_chat/notes_chat.py notes --model anthropic/claude-haiku-4-5
"""

import argparse
import json
from pathlib import Path

from mirascope import errors, llm
from mirascope.tools import FileSystemToolKit

SYSTEM = """You keep the user's notes, which are text files in one folder.
Look into them before you answer. Write only what the user asks you to write."""
COMMANDS = """/model NAME  go on with another model, such as anthropic/claude-haiku-4-5
/cost        what the conversation has cost so far
/quit        end; the conversation is kept, and goes on the next time"""
ASK_BEFORE = {"file_system_WriteFile", "file_system_DeleteFile"}


def approve(tool: llm.OfferedTool | None, call: llm.ToolCall) -> None:
    """Shows each tool that is about to run, and asks before one that changes a file."""
    action = call.name.removeprefix("file_system_")
    path = call.arguments.get("path", ".")
    if call.name not in ASK_BEFORE:
        print(f"[{action} {path}]")
        return
    if content := call.arguments.get("content"):
        print(content)
    if input(f"[{action} {path}] Go ahead? (y/n) ").strip().lower() != "y":
        raise llm.CancelToolCall("The user said no.")


class Chat:
    """A conversation that is kept in a file."""

    def __init__(self, folder: Path, model: str | None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        tools = FileSystemToolKit(base_directory=folder).create_tools()
        # The tools reach files with such endings as `.md` only: not this one.
        self.file = folder / ".conversation"
        if self.file.exists():
            kept = json.loads(self.file.read_text("utf-8"))
            self.conversation = llm.Conversation.from_dict(
                kept,
                model=llm.get_model(model) if model else None,
                tools=tools,
                before_call=approve,
            )
            print(f"Going on after {len(self.conversation.responses)} replies.")
        else:
            self.conversation = llm.get_model(model).conversation(
                system=SYSTEM, tools=tools, before_call=approve
            )

    def save(self) -> None:
        self.file.write_text(json.dumps(self.conversation.to_dict()), "utf-8")

    def ask(self, question: str) -> None:
        """Print the reply while it arrives; an error does not end the chat."""
        try:
            for text in self.conversation.chain(question):
                print(text, end="", flush=True)
            print()
        except (KeyboardInterrupt, EOFError):
            print("\n(broken off)")
        except Exception as error:
            problem = errors.describe(error)
            # A key that is not set, or a model that calls tools without end, is of no kind.
            kind = type(error).__name__ if problem.kind == "unknown" else problem.kind
            wait = f", try again in {problem.retry_after:g} seconds" if problem.retry_after else ""
            print(f"\n({kind.replace('_', ' ')}{wait}: {error})")
        self.save()

    def command(self, name: str, argument: str) -> None:
        match name:
            case "/model" if argument:
                try:
                    self.conversation.model = llm.get_model(argument)
                except llm.UnknownModelError as error:
                    print(error)
            case "/cost":
                costs = [response.cost() for response in self.conversation.responses]
                known = [cost for cost in costs if cost is not None]
                print(f"{len(costs)} replies, ${sum(known):.4f}")
            case _:
                print(COMMANDS)

    def run(self) -> None:
        print(f"Talking to {self.conversation.model.model_id}. /help lists commands.")
        while True:
            try:
                line = input("> ").strip()
            except (KeyboardInterrupt, EOFError):
                print()
                return
            name, _, argument = line.partition(" ")
            if name == "/quit":
                return
            if name.startswith("/"):
                self.command(name, argument.strip())
            elif line:
                self.ask(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the notes are; it is made if it is absent")
    parser.add_argument("--model", help="such as openai/gpt-4o-mini")
    options = parser.parse_args()
    try:
        chat = Chat(options.folder, options.model)
    except llm.UnknownModelError as error:
        parser.error(str(error))
    chat.run()


if __name__ == "__main__":
    main()
