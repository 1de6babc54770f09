"""Fallback: when a model fails, the next one is asked."""

from mirascope import llm
from mirascope.retries import FallbackError, fallback
from mirascope.sandbox import sandbox


@fallback(
    ("rate_limit", "overloaded", "server_error"),
    [
        {"catch": "transient", "provider": "anthropic", "model": "claude-haiku-4-5"},
        {"catch": "transient", "provider": "openai", "model": "gpt-4o"},
    ],
)
@llm.call(provider="openai", model="gpt-4o-mini", call_params={"max_retries": 0})
def summarize(text: str) -> str:
    return f"Summarize: {text}"


def main() -> None:
    with sandbox() as box:  # it plays the providers, and their bad days
        print(summarize("Owls hunt at night.").provider)

        box.fail(503, provider="openai")
        print(summarize("Owls hunt at night.").provider)

        box.fail(503, times=9)
        try:
            summarize("Owls hunt at night.")
        except FallbackError as error:
            for attempt in error.attempts:
                print(attempt.provider, attempt.model, attempt.reason)


if __name__ == "__main__":
    main()
