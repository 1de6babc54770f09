"""Thinking: what a model thought before it answered, whole and streamed."""

from mirascope import llm
from mirascope.sandbox import sandbox

THINK = {"max_tokens": 2000, "thinking": {"type": "enabled", "budget_tokens": 1024}}


@llm.call(provider="anthropic", model="claude-sonnet-4-5", call_params=THINK)
def solve(riddle: str) -> str:
    return riddle


def main() -> None:
    with sandbox() as box:  # without the sandbox Anthropic answers, with your key
        box.reply("Two.", thinking="One fox and one fox.")
        response = solve("A fox meets a fox. How many?")
        print("thinking:", response.thinking)
        print("answer:", response.content)

        box.reply("Two.", thinking="One fox and one fox.")
        for event in llm.get_model("claude-sonnet-4-5").prompt("How many?").stream_events():
            print(event.kind, repr(event.text))


if __name__ == "__main__":
    main()
