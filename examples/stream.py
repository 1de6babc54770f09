"""A stream: print the reply as it arrives, then read what it came to."""

from _answering import answering

from mirascope import llm


@llm.call(provider="openai", model="gpt-4o-mini", stream=True)
def tell(genre: str) -> str:
    return f"Tell a two-sentence {genre} story."


def main() -> None:
    stream = tell("science fiction")
    for chunk, _ in stream:
        print(chunk.content, end="", flush=True)
    print()
    response = stream.construct_call_response()
    print(response.finish_reasons, response.output_tokens, "tokens")

    # To stop early, leave the `with` block: the connection is closed.
    with tell("horror") as stream:
        for chunk, _ in stream:
            if chunk.content:
                print("only the start:", chunk.content)
                break


if __name__ == "__main__":
    with answering():
        main()
