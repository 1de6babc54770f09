"""Google: every field of its config, thoughts, replies that are blocked."""

from _keys import sandbox_without
from google.genai.types import GenerateContentConfig

from mirascope import llm
from mirascope.core import google


# A field of the SDK's config is a parameter of the call …
@google.call(
    "gemini-2.5-flash",
    call_params={"top_k": 20, "thinking_config": {"include_thoughts": True}},
)
def weigh(question: str) -> str:
    return question


# … and `config` is a whole one. By `llm.call`, too.
@llm.call(
    "google",
    "gemini-2.5-flash",
    call_params={"config": GenerateContentConfig(temperature=0, stop_sequences=["."])},
)
def recommend(genre: str) -> str:
    return f"Recommend a {genre} book."


def main() -> None:
    response = weigh("Emma or Persuasion for a beginner?")
    print("thought:", response.thinking)
    print("answer:", response.content, response.finish_reasons)
    if usage := response.response.usage_metadata:
        print("tokens thought:", usage.thoughts_token_count)

    print("by config:", recommend("fantasy").content)

    # A reply that Google holds back has no text; it says so as other providers do.
    held_back = recommend("forbidden")
    print("held back:", repr(held_back.content), held_back.finish_reasons)


if __name__ == "__main__":
    with sandbox_without("GOOGLE_API_KEY") as box:
        if box:
            box.reply("Emma.", thinking="Both are by Austen.")
            box.reply("Emma")
            box.reply("", finish_reason="content_filter")
        main()
