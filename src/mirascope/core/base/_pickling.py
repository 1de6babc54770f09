"""What it takes for responses and tools to leave the process and come back.

Tool classes are made at run time, from functions and models: no import finds them. They travel as
the recipe they were made by.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ._narrow import is_dict

if TYPE_CHECKING:
    from .tool import BaseTool

Recipe = tuple[Callable[..., Any], tuple[Any, ...]]


class Made:
    """Pickled in the place of what its recipe makes."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe

    def __reduce__(self) -> Recipe:
        return self._recipe


def recipe_of(tool_type: type[BaseTool]) -> Recipe | None:
    """How a tool class was made; None for one that an import finds."""
    recipe: Recipe | None = vars(tool_type).get("_recipe")
    if recipe is None:
        return None
    make, args = recipe
    return make, tuple(_portable(arg) for arg in args)


def _portable(arg: Any) -> Any:
    """A class that was itself made at run time, as its recipe; anything else as it is."""
    inner = recipe_of(arg) if isinstance(arg, type) else None
    return Made(inner) if inner else arg


def as_recipes(tool_types: Iterable[type[BaseTool]] | None) -> list[Any] | None:
    """Tool classes in a form that pickles, and that unpickles to the classes."""
    if tool_types is None:
        return None
    return [Made(recipe) if (recipe := recipe_of(tool)) else tool for tool in tool_types]


def blank_tool(make: Callable[..., type[BaseTool]], args: tuple[Any, ...]) -> BaseTool:
    """A tool of the class that the recipe makes, before it gets its state."""
    tool_type = make(*args)
    return tool_type.__new__(tool_type)


def without_client(config: Any) -> Any:
    """A dynamic config without its client, which holds a key and open connections."""
    if is_dict(config) and "client" in config:
        return {name: value for name, value in config.items() if name != "client"}
    return config


def check_arguments(fn_args: Mapping[str, Any]) -> None:
    """Raise TypeError for the first argument of a prompt function that cannot be pickled."""
    for name, value in fn_args.items():
        try:
            pickle.dumps(value)
        except Exception as error:
            raise TypeError(
                f"This response cannot be pickled, because argument `{name}` of its prompt "
                f"function cannot: {error}. Pass a picklable argument, or keep "
                "`response.model_dump_json()` instead."
            ) from error
