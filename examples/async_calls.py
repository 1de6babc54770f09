"""Async: `async def` makes an async call, and an async stream."""

import asyncio

from _answering import answering

from mirascope import llm


@llm.call(provider="openai", model="gpt-4o-mini")
async def recommend(genre: str) -> str:
    return f"Recommend a {genre} book."


@llm.call(provider="openai", model="gpt-4o-mini", stream=True)
async def tell(topic: str) -> str:
    return f"Tell me about {topic}."


async def main() -> None:
    print((await recommend("fantasy")).content)
    async with await tell("foxes") as stream:
        async for chunk, _ in stream:
            print(chunk.content, end="", flush=True)
    print()


if __name__ == "__main__":
    with answering():
        asyncio.run(main())
