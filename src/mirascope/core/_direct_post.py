"""Sending a body that is JSON already, without an SDK's walk through it.

`create` of the SDKs of OpenAI and Groq goes through every message, tool and schema by the types of
its parameters, to make JSON of objects, iterators and dates: a third of what a call costs. What
comes out for plain JSON is the same, so that such a body goes straight to the `post` that `create`
calls, with the options that `create` gives it. Authentication, retries, timeouts and hooks are
behind it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn, cast

_LEAVES = frozenset({str, int, float, bool, type(None)})
_DEEPEST = 100
_NOT_OF_THE_BODY = frozenset({"extra_headers", "extra_query", "extra_body", "timeout"})


@dataclass(frozen=True, slots=True)
class Posting:
    """How `create` of a class of resources calls `post`, but for the body."""

    path: tuple[Any, ...]
    arguments: dict[str, Any]
    options: dict[str, Any]
    names: frozenset[str]
    """The parameters of `create` that make up the body."""

    def send(self, post: Callable[..., Any], kwargs: dict[str, Any]) -> Any:
        """Send what `create(**kwargs)` would; awaitable where the client is async."""
        options = self.options
        options = {**options, "headers": {**options["headers"]}}
        if "timeout" in kwargs:
            kwargs = {**kwargs}
            options["timeout"] = kwargs.pop("timeout")
        return post(*self.path, body=kwargs, options=options, **self.arguments)

    def takes(self, kwargs: dict[str, Any]) -> bool:
        """Whether `kwargs` are JSON already, and all of the body but for the timeout."""
        names = self.names
        for name, value in kwargs.items():
            if name not in names:
                if name != "timeout":
                    return False
            elif type(value) not in _LEAVES and not _is_plain_json(value, _DEEPEST):
                return False
        return True


def _is_plain_json(value: Any, depth: int) -> bool:
    items: Iterable[Any]
    if type(value) is dict:
        items = cast("dict[str, Any]", value).values()
    elif type(value) is list:
        items = cast("Sequence[Any]", value)
    else:
        return False
    for item in items:
        if type(item) not in _LEAVES and (not depth or not _is_plain_json(item, depth - 1)):
            return False
    return True


class _Recorded(Exception):
    """Carries what `post` was called with."""


class _Recorder:
    """In the place of a client: takes down the call of `post` and sends nothing."""

    def post(self, *path: Any, **arguments: Any) -> NoReturn:
        raise _Recorded(path, arguments)

    def __getattr__(self, name: str) -> Any:
        # A resource takes hold of every method of its client as it is made.
        return None


def posting_of(resource: Any, stream: bool) -> Posting | None:
    """How the raw `create` of a resource calls `post`; None where it does otherwise."""
    return _posting_of(cast("Callable[[Any], Any]", type(resource)), stream)


@cache
def _posting_of(resource_type: Callable[[Any], Any], stream: bool) -> Posting | None:
    names: frozenset[str] = frozenset()
    try:
        resource = resource_type(_Recorder())
        names = frozenset(inspect.signature(resource.create).parameters) - _NOT_OF_THE_BODY
        create = resource.with_raw_response.create
        sent = create(model="", messages=[], **({"stream": True} if stream else {}))
        # That of an async client runs up to its `post`.
        sent.send(None)
    except _Recorded as recorded:
        path, arguments = cast("tuple[tuple[Any, ...], dict[str, Any]]", recorded.args)
    except Exception:
        return None
    else:
        return None
    del arguments["body"]
    options = arguments.pop("options")
    return Posting(path, arguments, options, names)
