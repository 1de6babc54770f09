"""Tools and toolkits whose behaviour the application sets, and the model cannot."""

from __future__ import annotations

import inspect
from abc import ABC
from types import new_class
from typing import Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, create_model

from ..core.base.tool import BaseTool
from ..core.base.toolkit import BaseToolKit

ConfigT = TypeVar("ConfigT", bound=BaseModel)


class ConfigurableTool(BaseTool, ABC, Generic[ConfigT]):
    """A tool with a configuration, which belongs to the class: its fields are for the model.

    class SearchConfig(BaseModel):
        most: int = 5

    class Search(ConfigurableTool[SearchConfig]):
        \"\"\"Search the shelves.\"\"\"

        __config__ = SearchConfig()

        words: str

        def call(self) -> str:
            return find(self.words, self.__config__.most)

    tools = [Search.from_config(SearchConfig(most=20))]
    """

    __config__: ClassVar[Any]
    """The configuration in force."""

    __prompt_usage_description__: ClassVar[str] = ""
    """What a prompt may say about the tool, where that is more than its docstring."""

    @classmethod
    def from_config(cls, config: ConfigT) -> type[Self]:
        """A subclass of the same name that works by `config`. This class stays as it is."""
        namespace = {
            "__module__": cls.__module__,
            "__qualname__": cls.__qualname__,
            "__doc__": cls.__doc__,
            "__config__": config,
        }
        made: type[Self] = new_class(
            cls.__name__, (cls,), exec_body=lambda body: body.update(namespace)
        )
        made._recipe = _configured, (cls, config)
        return made

    @classmethod
    def usage_description(cls) -> str:
        """What the tool does and how it is used, for a prompt."""
        return inspect.cleandoc(cls.__prompt_usage_description__) or cls._usage()

    @classmethod
    def _usage(cls) -> str:
        """What a prompt may say where the class does not say it."""
        return cls._description()


def _configured(tool: type[ConfigurableTool[Any]], config: Any) -> type[BaseTool]:
    return tool.from_config(config)


class ConfigurableToolKit(BaseToolKit, ABC, Generic[ConfigT]):
    """A toolkit with a configuration: a field of its own, which has a default."""

    __prompt_usage_description__: ClassVar[str] = ""
    """What a prompt may say about the toolkit, where that is more than its docstring."""

    config: ConfigT

    @classmethod
    def from_config(cls, config: ConfigT) -> type[Self]:
        """A subclass of the same name with `config` for a default. This class stays as it is."""
        kind: Any = cls.__pydantic_fields__["config"].annotation
        made = create_model(
            cls.__name__,
            __base__=cls,
            __module__=cls.__module__,
            __doc__=cls.__doc__,
            config=(kind, config),
        )
        made.__qualname__ = cls.__qualname__
        return made

    @classmethod
    def usage_description(cls) -> str:
        """What the toolkit is for and how it is used, for a prompt."""
        return inspect.cleandoc(cls.__prompt_usage_description__) or cls._usage()

    @classmethod
    def _usage(cls) -> str:
        """What a prompt may say where the class does not say it."""
        return inspect.cleandoc(cls.__doc__ or "")
