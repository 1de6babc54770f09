"""Limits: calls wait for their turn, so that the provider refuses none."""

import time
from concurrent.futures import ThreadPoolExecutor

from _answering import answering

from mirascope import llm


@llm.call(provider="openai", model="gpt-4o-mini")
def recommend(genre: str) -> str:
    return f"Recommend a {genre} book."


def main() -> None:
    genres = ["fantasy", "mystery", "history", "science", "poetry", "travel"]
    started = time.monotonic()
    with (
        llm.limit(requests_per_minute=600) as limit,  # one in a tenth of a second
        ThreadPoolExecutor(len(genres)) as pool,
    ):
        for response in pool.map(recommend, genres):
            print(response.content)
    print(limit)
    print(f"{time.monotonic() - started:.1f} seconds")


if __name__ == "__main__":
    with answering():
        main()
