"""Groq: thoughts as a part of their own, and limits that are learned from its replies."""

from _keys import sandbox_without

from mirascope import llm
from mirascope.core import groq


@groq.call("qwen/qwen3-32b", call_params={"reasoning_format": "parsed"})
def weigh(question: str) -> str:
    return question


@llm.call("groq", "llama-3.3-70b-versatile")
def recommend(genre: str) -> str:
    return f"Recommend a {genre} book."


def main() -> None:
    response = weigh("Emma or Persuasion for a beginner?")
    print("thought:", response.thinking)
    print("answer:", response.content)

    # Groq says in each reply what it still takes: a limit that is too high is lowered to that.
    with llm.limit(requests_per_minute=1000) as limit:
        print("before:", limit.state().requests_left, "requests left")
        recommend("fantasy")
        print("after:", limit.state().requests_left, "requests left")


if __name__ == "__main__":
    with sandbox_without("GROQ_API_KEY") as box:
        if box:
            box.reply("Emma.", thinking="Both are by Austen.")
            box.limit(requests=30, per=60)
        main()
