"""The tool that reads a web page."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ..core.base._flow import run
from ._page_text import page_text
from ._web import Answer, WebConfig, answer_text, told
from ._web_text import is_html
from .base import ConfigurableTool


class ParseURLConfig(WebConfig):
    """The configuration of `ParseURLContent`.

    - `parser`: which parser Mirascope v1 used. It is accepted so that v1 code goes on, and nothing
      depends on it: all pages are read in the same way.
    """

    parser: str = "html.parser"


class ParseURLContent(ConfigurableTool[ParseURLConfig]):
    """Read the text of a web page."""

    __config__: ClassVar[ParseURLConfig] = ParseURLConfig()

    url: str = Field(description="The http or https URL of the page.")

    @classmethod
    def _usage(cls) -> str:
        return (
            "Reads a web page and gives its text, without menus, scripts and the like; headings "
            "and items of lists are marked as in Markdown. It gives up after "
            f"{cls.__config__.timeout:g} seconds. What fails is told in a text that starts with "
            "`Error: `."
        )

    def call(self) -> str:
        """The text of the page, or a text that starts with `Error: `."""
        return run(told(False, self.__config__, self.url, _readable))


def _readable(answer: Answer) -> str:
    text = answer_text(answer)
    if not is_html(text, answer.content_type):
        return text
    readable = page_text(text)
    if not readable:
        raise ValueError("the page has no text. It may need a browser that runs its scripts")
    return readable
