"""Tools that send a request to a web server.

They have the names that they had in Mirascope v1, where two HTTP libraries stood behind them. Here
it is the library's own guarded client, for all of them: none of the libraries is needed, no address
is reached that the configuration does not allow, and nothing of the environment (proxies, `.netrc`)
is used.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Coroutine, Mapping
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from ..core.base._flow import Flow, as_coroutine_function, run, run_async
from ._web import WebConfig, answer_text, asked, told, with_params
from .base import ConfigurableTool

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]

_USAGE = (
    "Sends an HTTP request and gives the text of the answer: pages, JSON of web services and the "
    "like. It gives up after {timeout:g} seconds. What fails is told in a text that starts with "
    "`Error: `."
)


class HTTPXConfig(WebConfig):
    """The configuration of `HTTPX` and `AsyncHTTPX`."""


class RequestsConfig(WebConfig):
    """The configuration of `Requests`."""


class _HTTPXTool(ConfigurableTool[HTTPXConfig], ABC):
    """What `HTTPX` and `AsyncHTTPX` share: what the model says, and how it is done."""

    model_config: ClassVar[ConfigDict] = ConfigDict(serialize_by_alias=True)

    __config__: ClassVar[HTTPXConfig] = HTTPXConfig()
    # A pydantic model has a method of that name.
    _parameter_names: ClassVar[Mapping[str, str]] = {"json_": "json"}

    url: str = Field(description="The http or https URL.")
    method: Method = Field(default="GET", description="The HTTP method.")
    data: dict[str, Any] | None = Field(default=None, description="The fields of a form to send.")
    json_: dict[str, Any] | None = Field(
        default=None, alias="json", description="A JSON object to send."
    )
    params: dict[str, Any] | None = Field(
        default=None, description="What to add to the URL's query."
    )
    headers: dict[str, str] | None = Field(default=None, description="The headers of the request.")
    follow_redirects: bool = Field(default=True, description="Whether to follow redirects.")

    @classmethod
    def _usage(cls) -> str:
        return _USAGE.format(timeout=cls.__config__.timeout)

    def _answer(self, is_async: bool) -> Flow[str]:
        return told(
            is_async,
            self.__config__,
            with_params(self.url, self.params),
            answer_text,
            lambda: asked(self.method, self.headers, self.data, self.json_),
            follow=self.follow_redirects,
        )


class HTTPX(_HTTPXTool):
    """Send an HTTP request and get the text of the answer."""

    def call(self) -> str:
        """The text of the answer, or a text that starts with `Error: `."""
        return run(self._answer(is_async=False))


class AsyncHTTPX(_HTTPXTool):
    """Send an HTTP request and get the text of the answer."""

    @as_coroutine_function
    def call(self) -> Coroutine[Any, Any, str]:
        """The text of the answer, or a text that starts with `Error: `."""
        return run_async(self._answer(is_async=True))


class Requests(ConfigurableTool[RequestsConfig]):
    """Send an HTTP request and get the text of the answer."""

    __config__: ClassVar[RequestsConfig] = RequestsConfig()

    url: str = Field(description="The http or https URL.")
    method: Method = Field(default="GET", description="The HTTP method.")
    data: dict[str, Any] | None = Field(default=None, description="The fields of a form to send.")
    headers: dict[str, str] | None = Field(default=None, description="The headers of the request.")

    @classmethod
    def _usage(cls) -> str:
        return _USAGE.format(timeout=cls.__config__.timeout)

    def call(self) -> str:
        """The text of the answer, or a text that starts with `Error: `."""
        return run(
            told(
                False,
                self.__config__,
                self.url,
                answer_text,
                lambda: asked(self.method, self.headers, self.data),
            )
        )
