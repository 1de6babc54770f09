"""Whatever may be given as a tool, as a provider's tool class."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import lru_cache
from types import FunctionType, MethodType, new_class
from typing import Any

from pydantic import BaseModel, create_model

from ._function_tool import function_tool
from ._locks import lock_over_forks
from ._pickling import Made
from ._type_names import is_class, type_name
from .tool import GENERIC_DESCRIPTION, BaseTool, arguments_of

_CACHE = "__mirascope_tools__"
_lock = lock_over_forks()


class ArgumentsTool(BaseTool):
    """The base of tools that run nothing: `call` gives the arguments."""

    def call(self) -> dict[str, Any]:
        """The arguments by name."""
        return arguments_of(self)


def tool_type(tool: Any, base: type[BaseTool]) -> type[BaseTool]:
    """The tool class for `tool`: a subclass of `base`, and of `tool` where that is a class.

    The same tool and base give the same class. Raises TypeError for what is neither a class nor a
    function, and for a class without `call`; ValueError as `function_tool` does.
    """
    if isinstance(tool, MethodType):
        with _lock:
            return _method_tool(tool, base)
    if isinstance(tool, FunctionType):
        return _cached(tool, base, function_tool)
    if is_class(tool, BaseModel):
        return _cached(tool, base, _callable_model_tool)
    raise TypeError(
        f"{tool!r} cannot be a tool. Give a function, a `BaseTool` class, or a pydantic model "
        "class with a `call` method (not an instance, a `partial` or a callable object)."
    )


def tools_by_name(
    tools: Iterable[Any], base: type[BaseTool]
) -> dict[str, tuple[Any, type[BaseTool]]]:
    """Each of `tools` with its tool class, by the name that the model calls it.

    Raises ValueError where two different tools have one name, and like `tool_type`.
    """
    named: dict[str, tuple[Any, type[BaseTool]]] = {}
    for tool in tools:
        made = tool_type(tool, base)
        name = made._name()
        if named.setdefault(name, (tool, made))[1] is not made:
            raise ValueError(
                f"Two tools are named `{name}`, so a call of the model could mean either. Rename "
                "one of them (`__custom_name__`), or give the tools of a server a prefix "
                "(`list_tools(prefix=…)`)."
            )
    return named


def model_tool(model: type[BaseModel], base: type[BaseTool]) -> type[BaseTool]:
    """The subclass of both `model` and `base`; without a `call` it gives its arguments."""
    if issubclass(model, base):
        return model
    bases: tuple[type[Any], ...] = (model, base)
    if _is_of_another_provider(model, base):
        bases = (base, model)
    elif not issubclass(model, BaseTool) and not callable(getattr(model, "call", None)):
        bases = (model, ArgumentsTool, base)
    namespace = {
        "__module__": model.__module__,
        "__qualname__": model.__qualname__,
        "__doc__": model.__doc__,
    }
    return new_class(model.__name__, bases, exec_body=lambda body: body.update(namespace))


def value_tool(value_type: Any, base: type[BaseTool]) -> type[BaseTool]:
    """The subclass of `base` whose one field, `value`, is of `value_type`."""
    return create_model(
        type_name(value_type),
        __base__=(ArgumentsTool, base),
        __doc__=GENERIC_DESCRIPTION,
        value=(value_type, ...),
    )


def _callable_model_tool(model: type[BaseModel], base: type[BaseTool]) -> type[BaseTool]:
    if "call" in getattr(model, "__abstractmethods__", ()) or not callable(
        getattr(model, "call", None)
    ):
        raise TypeError(
            f"Tool `{model.__name__}` has no `call` method. Define `def call(self)` (or `async "
            "def`) to say what the tool does."
        )
    return model_tool(model, base)


def _is_of_another_provider(model: type[BaseModel], base: type[BaseTool]) -> bool:
    return issubclass(model, BaseTool) and model._provider_title not in ("", base._provider_title)


def _cached(
    tool: Any, base: type[BaseTool], make: Callable[[Any, type[BaseTool]], type[BaseTool]]
) -> type[BaseTool]:
    """What `make` gives, kept on the tool itself: it lives as long as the tool does."""
    known = _kept_on(tool)
    if base in known:
        return known[base]
    with _lock:
        known = _kept_on(tool)
        if base not in known:
            known[base] = _with_recipe(make(tool, base), tool, base)
            setattr(tool, _CACHE, (tool, known))
        return known[base]


def _kept_on(tool: Any) -> dict[type[BaseTool], type[BaseTool]]:
    owner, known = tool.__dict__.get(_CACHE, (tool, {}))
    # `functools.wraps` copies a function's attributes to a function that is another tool.
    return known if owner is tool else {}


@lru_cache(maxsize=256)
def _method_tool(method: MethodType, base: type[BaseTool]) -> type[BaseTool]:
    # A bound method is a new object each time it is read, so there is nothing to keep the class on.
    if not inspect.isfunction(inspect.unwrap(method.__func__)):
        raise TypeError(f"{method!r} cannot be a tool: it is not written in Python.")
    return _with_recipe(function_tool(method, base), method, base)


def _with_recipe(made: type[BaseTool], tool: Any, base: type[BaseTool]) -> type[BaseTool]:
    if made is not tool:
        recipe = vars(tool).get("_recipe") if isinstance(tool, type) else None
        made._recipe = tool_type, (Made(recipe) if recipe else tool, base)
    return made
