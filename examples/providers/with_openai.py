"""OpenAI: arguments that keep to the schema, models that think, replies that are spoken."""

from _keys import sandbox_without

from mirascope import BaseTool
from mirascope.core import openai


class FindBook(BaseTool):
    """Find the shelf of a book."""

    # OpenAI itself sees to it that the arguments fit.
    tool_config = openai.OpenAIToolConfig(strict=True)

    title: str

    def call(self) -> str:
        return f"{self.title}: shelf 7"


@openai.call("gpt-4o-mini", tools=[FindBook], call_params={"tool_choice": "required"})
def find(wish: str) -> str:
    return wish


# `max_tokens` is sent as `max_completion_tokens`, which such models want.
@openai.call("gpt-5-mini", call_params={"reasoning_effort": "low", "max_tokens": 2000})
def solve(riddle: str) -> str:
    return riddle


@openai.call(
    "gpt-audio",
    call_params={
        "modalities": ["text", "audio"],
        "audio": {"voice": "alloy", "format": "wav"},
    },
)
def say(text: str) -> str:
    return f"Say: {text}"


def main() -> None:
    if tool := find("Where is Emma?").tool:
        print("tool:", tool.call())

    response = solve("A fox meets a fox. How many?")
    print("answer:", response.content)
    # The provider's own module gives the provider's own objects, typed.
    if (usage := response.usage) and (details := usage.completion_tokens_details):
        print("tokens thought:", details.reasoning_tokens)

    spoken = say("Good evening.")
    print("spoken:", spoken.audio_transcript, (spoken.audio or b"")[:4])


if __name__ == "__main__":
    with sandbox_without("OPENAI_API_KEY"):
        main()
