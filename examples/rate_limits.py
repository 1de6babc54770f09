"""Limits: calls wait for their turn, so that the provider refuses none."""

from concurrent.futures import ThreadPoolExecutor

from _answering import answering

from mirascope import llm


@llm.call(provider="openai", model="gpt-4o-mini")
def recommend(genre: str) -> str:
    return f"Recommend a {genre} book."


def main() -> None:
    genres = ["fantasy", "mystery", "history", "science", "poetry", "travel"]
    with (
        # A second's worth, which is four, may go at once; then one in a quarter of a second.
        llm.limit("openai", requests_per_minute=240) as limit,
        ThreadPoolExecutor(len(genres)) as pool,
    ):
        responses = list(pool.map(recommend, genres))
        print(limit.state().requests_left, "requests left of", limit)
    responses.sort(key=lambda response: response.start_time)
    for response in responses:
        after = (response.start_time - responses[0].start_time) / 1000
        print(f"after {after:.2f} seconds:", response.content)


if __name__ == "__main__":
    with answering():
        main()
