"""Azure AI: your deployment, by a client of OpenAI's SDK."""

import os

from _keys import sandbox_without
from openai import OpenAI

from mirascope import llm
from mirascope.sandbox import Sandbox


@llm.call("azure", "my-deployment")
def recommend(genre: str) -> str:
    return f"Recommend a {genre} book."


def client(box: Sandbox | None) -> OpenAI:
    """The endpoint is `https://<resource>.openai.azure.com/openai/v1/`.

    Microsoft has retired `azure-ai-inference`, the SDK of the default clients, which are for
    `AZURE_INFERENCE_ENDPOINT` and `AZURE_INFERENCE_CREDENTIAL`.
    """
    if box:
        return OpenAI(base_url=box.base_url("openai"), api_key="none")
    return OpenAI(
        base_url=os.environ["AZURE_OPENAI_ENDPOINT"], api_key=os.environ["AZURE_OPENAI_API_KEY"]
    )


def main(box: Sandbox | None) -> None:
    with client(box) as azure, llm.context(client=azure):
        response = recommend("fantasy")
    print(response.provider, "answers:", response.content)


if __name__ == "__main__":
    with sandbox_without("AZURE_OPENAI_API_KEY") as box:
        main(box)
