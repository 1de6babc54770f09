"""Mistral: documents that it fetches itself, replies that can be repeated, its own thoughts."""

from _keys import sandbox_without

from mirascope import Messages, llm
from mirascope.core import mistral
from mirascope.core.base import DocumentURLPart


# The URL goes to Mistral as it is, which reads the document. `seed` is sent as `random_seed`.
@llm.call("mistral", "mistral-small-latest", call_params={"seed": 7})
def sum_up(url: str) -> Messages.Type:
    return Messages.User(["Sum it up.", DocumentURLPart(type="document_url", url=url)])


@mistral.call("magistral-medium-latest")
def weigh(question: str) -> str:
    return question


def main() -> None:
    print("summary:", sum_up("https://arxiv.org/pdf/1706.03762").content)

    response = weigh("Emma or Persuasion for a beginner?")
    print("thought:", response.thinking)
    print("answer:", response.content)


if __name__ == "__main__":
    with sandbox_without("MISTRAL_API_KEY") as box:
        if box:
            box.reply("Attention is enough.")
            box.reply("Emma.", thinking="Both are by Austen.")
        main()
