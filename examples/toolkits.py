"""Toolkits: tools that share state, and one that is ready-made."""

from pathlib import Path
from tempfile import TemporaryDirectory

from _answering import answering

from mirascope import BaseToolKit, llm
from mirascope.core import toolkit_tool
from mirascope.tools import FileSystemToolKit


class Shelf(BaseToolKit):
    """The books about one topic."""

    __namespace__ = "shelf"

    topic: str
    years: list[int]

    @toolkit_tool
    def count(self, year: int) -> str:
        """Count the books about {self.topic} since a year."""
        found = sum(each >= year for each in self.years)
        return f"{found} books about {self.topic} since {year}"


def main() -> None:
    shelf = Shelf(topic="foxes", years=[1999, 2007, 2021])

    @llm.call(provider="openai", model="gpt-4o-mini", tools=shelf.create_tools())
    def count(question: str) -> str:
        return question

    print(llm.chain(count)("How many since 2007?").text())

    with TemporaryDirectory() as directory:
        (Path(directory) / "foxes.md").write_text("Foxes are omnivores.")
        notes = FileSystemToolKit(base_directory=Path(directory)).create_tools()
        print(sorted(tool._name() for tool in notes))

        @llm.call(provider="openai", model="gpt-4o-mini", tools=notes)
        def keep_notes(wish: str) -> str:
            return wish

        for tool in keep_notes("Read foxes.md").tools or []:
            print(tool._name(), "is called with", tool.args)


if __name__ == "__main__":
    with answering():
        main()
