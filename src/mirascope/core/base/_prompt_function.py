"""Prompt functions: what is known about one at decoration, and what one call of it amounts to."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, TypeGuard
from weakref import WeakSet

from ._flow import Flow, as_function, step
from ._media_policy import MediaPolicy, media_policy
from ._narrow import is_dict, is_list_or_tuple
from ._template import Template, parse_template
from .dynamic_config import check_dynamic_config
from .messages import as_messages, check_messages

DOCSTRING_SWITCH = "MIRASCOPE_DOCSTRING_PROMPT_TEMPLATE"

# The functions that `as_prompt` made, which a call decorator looks through.
_prompts: WeakSet[Callable[..., Any]] = WeakSet()


@dataclass(slots=True)
class Prompt:
    """What one call of a prompt function amounts to, before any provider is involved."""

    messages: list[Any]
    """`BaseMessageParam` or the provider's own messages; never empty."""
    fn_args: dict[str, Any]
    """The arguments by name, computed fields merged in."""
    dynamic_config: dict[str, Any] | None = field(repr=False)
    template: str | None
    """The text of the template, if it made the messages."""
    metadata: dict[str, Any]
    tools: list[Any] | None
    """The tools for this call; None means those of the decorator."""
    call_params: dict[str, Any] = field(repr=False)
    client: Any | None = field(repr=False)
    media_policy: MediaPolicy | None = None
    """The media policy of this call alone; None means the one in force."""


class PromptFunction:
    """Everything known about a prompt function, worked out once.

    `fn` is the function that holds the user's code: calling it runs the body and nothing else.
    """

    def __init__(self, fn: Callable[..., Any]) -> None:
        fn = _undescribed(fn)
        self.name = function_name(fn)
        text: str | None = getattr(fn, "_prompt_template", None)
        self.template = None if text is None else parse_template(text, self.name)
        self.metadata: dict[str, Any] = getattr(fn, "_metadata", None) or {}
        self.fn: Callable[..., Any] = _body(fn)
        self.is_async = _is_async(self.fn)
        self._docstring: str | None = getattr(self.fn, "__doc__", None)
        self._signature = inspect.signature(self.fn)
        self._defaults = _plain_parameters(self._signature)
        self._names = tuple(self._defaults or ())
        self._known = frozenset(self._names)
        required = [name for name in self._names if (self._defaults or {})[name] is _NO_DEFAULT]
        # By the number of arguments given by position: what has to be given by name.
        self._required = [frozenset(required[given:]) for given in range(len(self._names) + 1)]

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments by parameter name: defaults applied, `**kwargs` flattened, `self` included.

        Raises TypeError for arguments that the function does not take.
        """
        if self._defaults is None or not self._fits(args, kwargs):
            return self._bind_by_signature(args, kwargs)
        values = self._defaults.copy()
        values.update(zip(self._names, args, strict=False))
        values.update(kwargs)
        return values

    def interpret(
        self, result: Any, fn_args: dict[str, Any], policy: MediaPolicy | None = None
    ) -> Prompt:
        """What `result`, returned by the function for `fn_args`, amounts to.

        Local files are read under the media policy of `result`, or else `policy`, or else the one
        in force.

        Raises ValueError where there are no messages or `result` is nothing of a prompt, and
        TypeError where a setting of a dynamic config has a wrong type.
        """
        config = _as_config(result)
        if config is None:
            return self._prompt(result, fn_args, {}, None, policy)
        check_dynamic_config(config, self.name)
        policy = config.get("media_policy") or policy
        if computed := config.get("computed_fields"):
            fn_args = {**fn_args, **computed}
        messages = check_messages(config.get("messages") or (), self.name)
        return self._prompt(messages, fn_args, config, config, policy)

    def messages(self, result: Any, fn_args: dict[str, Any]) -> Any:
        """What the function gives when it is called on its own: messages, or else its result.

        A template that comes out empty gives `[]`.
        """
        if result is None and self.template is not None:
            return self.template.render(fn_args)
        is_prompt = result is not None and _as_config(result) is None
        if not is_prompt and self._applicable_template() is None:
            return result
        try:
            return self.interpret(result, fn_args).messages
        except NoPromptError:
            return []

    def _prompt(
        self,
        result: Any,
        fn_args: dict[str, Any],
        config: Mapping[str, Any],
        dynamic_config: dict[str, Any] | None,
        policy: MediaPolicy | None,
    ) -> Prompt:
        if isinstance(result, str) and self.template is not None:
            raise ValueError(
                f"`{self.name}` returned a `str` but has a template, which makes the prompt: "
                "leave the body empty (`...`), or write `@prompt_template()` without a text."
            )
        messages = [] if result is None else as_messages(result, self.name)
        if messages and dynamic_config is None:
            dynamic_config = {"messages": messages}
        template = None
        if not messages and (template := self._applicable_template()):
            messages = _rendered(template, fn_args, policy)
        if not messages:
            raise self._no_prompt(template)
        metadata, tools = config.get("metadata"), config.get("tools")
        return Prompt(
            messages=messages,
            fn_args=fn_args,
            dynamic_config=dynamic_config,
            template=template.text if template else None,
            metadata=self.metadata if metadata is None else with_tag_set(metadata),
            tools=None if tools is None else list(tools),
            call_params=dict(config.get("call_params") or ()),
            client=config.get("client"),
            media_policy=config.get("media_policy"),
        )

    def _applicable_template(self) -> Template | None:
        if self.template is not None or not self._docstring:
            return self.template
        if os.environ.get(DOCSTRING_SWITCH) != "ENABLED":
            return None
        return parse_template(inspect.cleandoc(self._docstring), self.name)

    def _no_prompt(self, template: Template | None) -> ValueError:
        if template is not None:
            return NoPromptError(
                f"No prompt template set! The template of `{self.name}` came out empty: "
                "every section it has is empty for these values."
            )
        if self._docstring:
            return NoPromptError(
                f"No prompt template set! `{self.name}` returned no messages but has a docstring: "
                f"set the environment variable `{DOCSTRING_SWITCH}=ENABLED` to use it as the "
                "template, or return the prompt."
            )
        return NoPromptError(
            f"No prompt template set! `{self.name}` returned no messages: return the prompt, "
            'or give it a template with `@prompt_template("...")`.'
        )

    def _fits(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        given, names = len(args), self._names
        if not kwargs:
            return given <= len(names) and not self._required[given]
        keywords = kwargs.keys()
        return (
            given <= len(names)
            and keywords <= self._known
            and keywords.isdisjoint(names[:given])
            and keywords >= self._required[given]
        )

    def _bind_by_signature(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"`{self.name}`: {error}") from None
        bound.apply_defaults()
        values = bound.arguments
        for parameter in self._signature.parameters.values():
            if parameter.kind is parameter.VAR_KEYWORD:
                for name, value in values.pop(parameter.name).items():
                    values.setdefault(name, value)
        return values


def _rendered(
    template: Template, values: Mapping[str, Any], policy: MediaPolicy | None
) -> list[Any]:
    if policy is None or policy is media_policy():
        return template.render(values)
    with policy:
        return template.render(values)


class NoPromptError(ValueError):
    """A prompt function gave nothing to send."""


def prompt_function(fn: Callable[..., Any]) -> PromptFunction:
    """What is known about the prompt function `fn`."""
    return PromptFunction(fn)


def as_prompt(
    fn: Any, *, template: str | None = None, metadata: dict[str, Any] | None = None
) -> Any:
    """A plain function in the place of `fn` that, called alone, gives the messages of the prompt.

    It carries `template` and `metadata` (where given) to the call decorator above it.
    """
    if (function := _undescribed(fn)) is not fn:
        return type(fn)(as_prompt(function, template=template, metadata=metadata))

    def start(*args: Any, **kwargs: Any) -> Flow[Any]:
        return _messages(prompt, prompt.bind(args, kwargs), args, kwargs)

    function = as_function(fn, start, _is_async(fn))
    given = {"_prompt_template": template, "_metadata": metadata}
    vars(function).update({name: value for name, value in given.items() if value is not None})
    _prompts.add(function)
    prompt = PromptFunction(function)
    return function


def with_tag_set(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """`metadata` with its tags as a set, whatever they were given as."""
    values = dict(metadata)
    if is_list_or_tuple(tags := values.get("tags")):
        values["tags"] = set(tags)
    return values


def is_call(fn: Any) -> bool:
    """Whether `fn` was made by a call decorator."""
    return getattr(fn, "__mirascope_call__", False) is True


def function_name(fn: Any) -> str:
    """The name to show for `fn`, also for callables that have none of their own."""
    while _is_partial(fn):
        fn = fn.func
    return str(getattr(fn, "__name__", type(fn).__name__))


def _messages(
    prompt: PromptFunction,
    fn_args: dict[str, Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Flow[Any]:
    # Given whole to `step`, which would collect the arguments once more.
    result = yield from step(functools.partial(prompt.fn, *args, **kwargs))
    return prompt.messages(result, fn_args)


def _body(fn: Any) -> Any:
    while isinstance(fn, FunctionType) and fn in _prompts:
        fn = getattr(fn, "__wrapped__")  # noqa: B009 (set by `functools.update_wrapper`)
    return fn


def _is_partial(fn: Any) -> TypeGuard[functools.partial[Any]]:
    return isinstance(fn, functools.partial)


def _undescribed(fn: Any) -> Any:
    """The function that a `staticmethod` or `classmethod` object holds, and else `fn`."""
    return fn.__func__ if type(fn) in (staticmethod, classmethod) else fn


def _is_async(fn: Any) -> bool:
    while True:
        if inspect.iscoroutinefunction(fn):
            return True
        if _is_partial(fn):
            fn = fn.func
        elif hasattr(fn, "__wrapped__"):
            fn = fn.__wrapped__
        else:
            return inspect.iscoroutinefunction(getattr(fn, "__call__", None))  # noqa: B004


_NO_DEFAULT: Any = inspect.Parameter.empty


def _plain_parameters(signature: inspect.Signature) -> dict[str, Any] | None:
    """The default of each parameter, or None if one is more than a plain name."""
    parameters = signature.parameters.values()
    if any(parameter.kind is not parameter.POSITIONAL_OR_KEYWORD for parameter in parameters):
        return None
    return {parameter.name: parameter.default for parameter in parameters}


def _as_config(result: Any) -> dict[str, Any] | None:
    return result if is_dict(result) else None
