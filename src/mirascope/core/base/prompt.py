"""Prompt templates: on a function (`@prompt_template`) or on a class of inputs (`BasePrompt`)."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import nullcontext
from typing import Any, ClassVar, ParamSpec, Protocol, TypeVar, cast, overload

from pydantic import BaseModel

from ._flow import as_function, step
from ._prompt_function import DOCSTRING_SWITCH, PromptFunction, as_prompt, is_call
from ._template import Template, parse_template
from .dynamic_config import BaseDynamicConfig
from .message_param import BaseMessageParam

P = ParamSpec("P")
ResultT = TypeVar("ResultT")
ClassT = TypeVar("ClassT", bound="BasePrompt")


class PromptDecorator(Protocol):
    """Makes a function give the messages of a prompt, or gives a `BasePrompt` its template."""

    @overload
    def __call__(  # pyright: ignore[reportOverlappingOverload]
        self, prompt: type[ClassT], /
    ) -> type[ClassT]: ...
    @overload
    def __call__(
        self, prompt: Callable[P, Awaitable[Any]], /
    ) -> Callable[P, Coroutine[Any, Any, list[BaseMessageParam]]]: ...
    @overload
    def __call__(self, prompt: Callable[P, Any], /) -> Callable[P, list[BaseMessageParam]]: ...
    def __call__(self, prompt: Any, /) -> Any: ...


def prompt_template(template: str | None = None) -> PromptDecorator:
    """Make the function below a prompt, written as a `template` or, without one, by its body.

        @prompt_template("Recommend a {genre} book")
        def recommend_book(genre: str): ...

    Called on its own the function gives the list of messages; below a call decorator it is the
    prompt of the call. Its body may return a dynamic config, or messages in place of the template.
    The template is parsed here: ValueError, naming the line, if no values could ever fill it.
    """
    if template is not None and not isinstance(cast(Any, template), str):
        raise TypeError(
            f"`prompt_template` takes the text of a template, not {template!r}: "
            "write `@prompt_template()` to decorate a function without one."
        )

    def decorate(prompt: Any, /) -> Any:
        if isinstance(prompt, type):
            if template is not None:
                parse_template(template, prompt.__name__)
                setattr(prompt, "prompt_template", template)  # noqa: B010 (a class of any kind)
            return prompt
        if is_call(prompt):
            raise TypeError(
                f"`@prompt_template` stands above the call decorator of `{prompt.__name__}`: "
                "put it below."
            )
        return as_prompt(prompt, template=template)

    return cast(PromptDecorator, decorate)


class BasePrompt(BaseModel):
    """A prompt as a class: its fields and properties are the variables of its template.

        @prompt_template("Recommend a {genre} book")
        class BookRecommendation(BasePrompt):
            genre: str

        response = BookRecommendation(genre="fantasy").run(openai.call("gpt-4o-mini"))

    The template may also be the class variable `prompt_template`.
    """

    prompt_template: ClassVar[str] = ""
    _metadata: ClassVar[Mapping[str, Any]] = {}

    def __str__(self) -> str:
        config = self.dynamic_config() or {}
        values = {**self._arguments(), **(config.get("computed_fields") or {})}
        with config.get("media_policy") or nullcontext():
            return self._template().fill(values)

    def message_params(self) -> list[BaseMessageParam]:
        """The messages of the prompt. Raises ValueError if there are none."""
        function, arguments = PromptFunction(self._function()), self._arguments()
        return function.interpret(function.fn(**arguments), arguments).messages

    def dynamic_config(self) -> BaseDynamicConfig:
        """Override it to configure the call: see `BaseDynamicConfig` for what it may return."""
        return None

    def dump(self) -> dict[str, Any]:
        """The prompt for a log: `metadata`, `prompt` (filled in), `template` and `inputs`."""
        metadata = (self.dynamic_config() or {}).get("metadata")
        return {
            "metadata": dict(self._metadata if metadata is None else metadata),
            "prompt": str(self),
            "template": self._template().text,
            "inputs": self.model_dump(),
        }

    def run(
        self,
        call_decorator: Callable[[Callable[..., str]], Callable[..., ResultT]],
        *decorators: Callable[[Callable[..., Any]], Callable[..., Any]],
    ) -> ResultT:
        """Call a model with the prompt; further `decorators` go around the call, in order."""
        result: ResultT = self._run(self._function(), call_decorator, *decorators)
        return result

    def run_async(
        self,
        call_decorator: Callable[
            [Callable[..., Awaitable[str]]], Callable[..., Awaitable[ResultT]]
        ],
        *decorators: Callable[[Callable[..., Any]], Callable[..., Any]],
    ) -> Coroutine[Any, Any, ResultT]:
        """Call a model with the prompt in async code: `await prompt.run_async(...)`."""
        function = self._function()
        start = functools.partial(step, function)
        coroutine: Coroutine[Any, Any, ResultT] = self._run(
            as_function(function, start, True), call_decorator, *decorators
        )
        return coroutine

    def _run(self, function: Callable[..., Any], *decorators: Callable[..., Any]) -> Any:
        for decorator in decorators:
            function = decorator(function)
        return function(**self._arguments())

    def _function(self) -> Callable[..., Any]:
        """The prompt function that this prompt amounts to."""

        def prompt(**_: Any) -> BaseDynamicConfig:
            return self.dynamic_config()

        prompt.__name__ = prompt.__qualname__ = type(self).__name__
        prompt.__dict__.update(
            _prompt_template=self._template().text, _metadata=dict(self._metadata)
        )
        return prompt

    def _arguments(self) -> dict[str, Any]:
        """The variables of the template: the fields, and the properties that it uses."""
        arguments = {name: getattr(self, name) for name in type(self).model_fields}
        arguments.update(self.model_extra or {})
        for name in self._template().names - arguments.keys():
            if name == "self":
                arguments[name] = self
            elif _is_property(type(self), name):
                arguments[name] = getattr(self, name)
        return arguments

    @classmethod
    def _template(cls) -> Template:
        text = cls.prompt_template
        if not text and cls.__doc__ and os.environ.get(DOCSTRING_SWITCH) == "ENABLED":
            text = inspect.cleandoc(cls.__doc__)
        return parse_template(text, cls.__name__)


def _is_property(cls: type[Any], name: str) -> bool:
    attribute = inspect.getattr_static(cls, name, None)
    # A pydantic `computed_field` wraps the property.
    attribute = getattr(attribute, "wrapped_property", attribute)
    return isinstance(attribute, property | functools.cached_property)
