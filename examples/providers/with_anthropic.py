"""Anthropic: prompts that are cached, thoughts with their signature."""

from _keys import sandbox_without

from mirascope import BaseTool, prompt_template
from mirascope.core import anthropic
from mirascope.sandbox import ToolCall, Usage

BOOK = "Call me Ishmael. Some years ago, never mind how long precisely, I went to sea. " * 200


# All before the mark is cached: the second question pays a tenth for the book.
@anthropic.call("claude-haiku-4-5", call_params={"max_tokens": 200})
@prompt_template(
    """
    SYSTEM: You know this book: {book} {:cache_control}
    USER: {question}
    """
)
def ask(book: str, question: str) -> None: ...


class FindBook(BaseTool):
    """Find the shelf of a book."""

    # Tools come before the prompt, and may be cached as well.
    tool_config = anthropic.AnthropicToolConfig(cache_control={"type": "ephemeral"})

    title: str

    def call(self) -> str:
        return f"{self.title}: shelf 7"


@anthropic.call(
    "claude-haiku-4-5",
    tools=[FindBook],
    call_params={"max_tokens": 3000, "thinking": {"type": "enabled", "budget_tokens": 2000}},
)
def assist(history: list[anthropic.AnthropicMessageParam]) -> list[anthropic.AnthropicMessageParam]:
    return history


def main() -> None:
    for question in ("Who tells the story?", "Where does he go?"):
        response = ask(BOOK, question)
        cached = response.usage.cache_read_input_tokens if response.usage else None
        print("cached:", cached, "answer:", response.content)

    history: list[anthropic.AnthropicMessageParam] = [{"role": "user", "content": "Where is Emma?"}]
    response = assist(history)
    while tools := response.tools:
        print("thought:", response.thinking, "signed:", bool(response.signature))
        outputs = [(tool, tool.call()) for tool in tools]
        # The turn goes back with its thoughts and their signature, as Anthropic demands.
        history += [response.message_param, *response.tool_message_params(outputs)]
        response = assist(history)
    print("answer:", response.content)


if __name__ == "__main__":
    with sandbox_without("ANTHROPIC_API_KEY") as box:
        if box:
            box.reply("Ishmael.", usage=Usage(input=3010, output=2, cache_write=3000))
            box.reply("To sea.", usage=Usage(input=3010, output=2, cached=3000))
            box.reply(ToolCall("FindBook", {"title": "Emma"}), thinking="By title.")
        main()
