"""A provider of your own: any server that speaks OpenAI's protocol, by a name of yours.

LIBRARY_URL=https://… LIBRARY_KEY=… python examples/custom_provider.py    a server that you have
"""

import os

from mirascope import llm
from mirascope.sandbox import sandbox


def main() -> None:
    llm.register_provider(
        "library",
        base_url=os.environ["LIBRARY_URL"],
        key_variable="LIBRARY_KEY",
        title="The library's own server",
    )
    model = llm.get_model("library/owl-8b")
    print(model, "->", model.prompt("Name an owl.").text())


if __name__ == "__main__":
    if "LIBRARY_URL" in os.environ:
        main()
    else:
        with sandbox(redirect=False) as box:  # it plays that server
            os.environ["LIBRARY_URL"] = box.base_url("openai")
            os.environ["LIBRARY_KEY"] = "any"
            main()
            print("asked for:", box.requests[0].body["model"])
