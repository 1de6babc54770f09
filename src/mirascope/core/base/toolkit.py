"""Toolkits: tools that belong together and share the state of one object."""

from __future__ import annotations

import inspect
import re
import warnings
from abc import ABC
from collections.abc import Callable
from types import new_class
from typing import Any, ClassVar, TypeVar, cast
from weakref import WeakValueDictionary

from pydantic import BaseModel

from ._function_tool import function_tool
from .tool import BaseTool

MarkedT = TypeVar("MarkedT", bound="Callable[..., Any] | type[BaseTool]")

_MARK = "__mirascope_toolkit_tool__"
_VARIABLE = re.compile(r"\{self\.([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\}")
_namespaces: WeakValueDictionary[str, type[BaseToolKit]] = WeakValueDictionary()


def toolkit_tool(method: MarkedT) -> MarkedT:
    """Mark a method of a toolkit, or a tool class nested in it, as one of the toolkit's tools."""
    setattr(method, _MARK, True)
    return method


class BaseToolKit(BaseModel, ABC):
    """Tools that belong together: methods, and nested `BaseTool` classes, marked `@toolkit_tool`.

        class BookTools(BaseToolKit):
            __namespace__ = "books"

            reading_level: Literal["beginner", "advanced"]

            @toolkit_tool
            def suggest(self, author: str) -> str:
                \"\"\"Suggests a book for a {self.reading_level} reader.\"\"\"

        tools = BookTools(reading_level="beginner").create_tools()

    A tool's name starts with the namespace, if there is one: `books_suggest`. In a docstring,
    `{self.reading_level}` stands for the instance's value; any other brace stays as it is.

    Raises ValueError, when the class is made, for a toolkit without tools (unless it is abstract:
    it states `ABC` as a base), for a tool without docstring, for a `{self....}` that names nothing,
    and for a namespace that another toolkit has.
    """

    __namespace__: ClassVar[str | None] = None

    _marked_tools: ClassVar[dict[str, Any]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        namespace: str | None = cls.__dict__.get("__namespace__")
        if namespace:
            _check_namespace(namespace, cls)
        cls._marked_tools = _marked(cls)
        if not cls._marked_tools and not _is_abstract(cls):
            raise ValueError(
                f"No toolkit_tool method found in toolkit `{cls.__name__}`. Mark its tools with "
                "`@toolkit_tool`, or give it the base `ABC` if it is only to be derived from."
            )
        for name, tool in cls._marked_tools.items():
            _check_docstring(cls, name, tool.__doc__)
        if namespace:
            _namespaces[namespace] = cls

    def create_tools(self) -> list[type[BaseTool]]:
        """The toolkit's tools for this instance, in the order in which they were defined."""
        prefix = f"{self.__namespace__}_" if self.__namespace__ else ""
        return [
            self._nested_tool(tool, prefix)
            if isinstance(tool, type)
            else self._method_tool(name, tool.__doc__, prefix)
            for name, tool in self._marked_tools.items()
        ]

    def _method_tool(self, name: str, docstring: str, prefix: str) -> type[BaseTool]:
        method, base = getattr(self, name), cast(Any, BaseTool)
        return function_tool(method, base, f"{prefix}{name}", self._fill(docstring))

    def _nested_tool(self, tool: type[BaseTool], prefix: str) -> type[BaseTool]:
        """The tool class itself, or a subclass with the name and docstring of this instance."""
        name, description = f"{prefix}{tool._name()}", self._fill(tool.__doc__)
        if name == tool._name() and description == tool.__doc__:
            return tool
        namespace = {
            "__module__": tool.__module__,
            "__doc__": description,
            "__custom_name__": name,
        }
        return new_class(name, (tool,), exec_body=lambda body: body.update(namespace))

    def _fill(self, docstring: str | None) -> str:
        """The docstring with the instance's values in the place of its variables."""
        text = docstring or ""
        if "{{" in text:  # The escape of format strings, for those who are used to it.
            text = text.replace("{{", "{").replace("}}", "}")
        return _VARIABLE.sub(lambda match: str(_value(self, match[1])), text)


def _marked(toolkit: type[BaseToolKit]) -> dict[str, Any]:
    """The toolkit's tools by attribute, a base's before its own."""
    names = {name: None for owner in reversed(toolkit.__mro__) for name in owner.__dict__}
    tools = {name: inspect.getattr_static(toolkit, name) for name in names}
    # Not `getattr(tool, _MARK)`: a class derived from a tool is not marked by that.
    return {name: tool for name, tool in tools.items() if _MARK in getattr(tool, "__dict__", ())}


def _is_abstract(toolkit: type[BaseToolKit]) -> bool:
    # A generic toolkit with its types filled in is made by pydantic, which states no bases.
    generic: Any = toolkit.__pydantic_generic_metadata__["origin"]
    return ABC in (generic or toolkit).__bases__ or inspect.isabstract(toolkit)


def _check_docstring(toolkit: type[BaseToolKit], name: str, docstring: str | None) -> None:
    if not docstring:
        raise ValueError(
            f"Tool `{name}` of toolkit `{toolkit.__name__}` has no docstring. It is what tells the "
            "model what the tool is for: add one."
        )
    for match in _VARIABLE.finditer(docstring):
        root = match[1].partition(".")[0]
        if root not in toolkit.__pydantic_fields__ and not hasattr(toolkit, root):
            raise ValueError(
                f"The docstring of tool `{name}` has `{match[0]}`, but toolkit "
                f"`{toolkit.__name__}` has no field `{root}`. Declare it or correct the docstring."
            )


def _check_namespace(namespace: str, toolkit: type[BaseToolKit]) -> None:
    owner = _namespaces.get(namespace)
    if owner is None:
        return
    if _identity(owner) != _identity(toolkit):
        raise ValueError(
            f"The namespace `{namespace}` is already used by toolkit `{owner.__qualname__}` "
            f"of `{owner.__module__}`. Tools are told apart by it: give "
            f"`{toolkit.__qualname__}` another `__namespace__`."
        )
    warnings.warn(
        f"Toolkit `{toolkit.__qualname__}` was defined again; the namespace `{namespace}` is "
        "now that of the new class.",
        UserWarning,
        stacklevel=4,
    )


def _identity(toolkit: type[BaseToolKit]) -> tuple[str, str]:
    return toolkit.__module__, toolkit.__qualname__


def _value(toolkit: BaseToolKit, path: str) -> Any:
    value: Any = toolkit
    for name in path.split("."):
        value = getattr(value, name)
    return value
