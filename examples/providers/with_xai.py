"""xAI: how long to think, what was read on the web, what it cost by xAI's own account."""

from _keys import sandbox_without

from mirascope.core import xai


@xai.call("grok-3-mini", call_params={"reasoning_effort": "low"})
def weigh(question: str) -> str:
    return question


@xai.call("grok-4")
def look_up(question: str) -> str:
    return question


def main() -> None:
    response = weigh("Emma or Persuasion for a beginner?")
    print("thought:", response.thinking)
    print("answer:", response.content)

    found = look_up("What is said about Emma?")
    print("found:", found.content)
    for address in found.citations or []:  # none where nothing was read
        print("-", address)
    print("cost:", found.cost)


if __name__ == "__main__":
    with sandbox_without("XAI_API_KEY") as box:
        if box:
            message = {"role": "assistant", "content": "That it is funny."}
            box.reply("Emma.", thinking="Both are by Austen.")
            box.native(
                "xai",
                {
                    "id": "1",
                    "object": "chat.completion",
                    "created": 1,
                    "model": "grok-4",
                    "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                    "citations": ["https://example.com/emma"],
                    "usage": {
                        "prompt_tokens": 9,
                        "completion_tokens": 5,
                        "total_tokens": 14,
                        "cost_in_usd_ticks": 250_000_000,
                    },
                },
            )
        main()
