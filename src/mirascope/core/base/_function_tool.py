"""A function as a tool: its parameters become the fields, its docstring the descriptions."""

import inspect
from collections.abc import Callable, Mapping
from inspect import Parameter
from types import SimpleNamespace
from typing import Annotated, Any, ClassVar, cast, get_type_hints

from pydantic import ConfigDict, Field, create_model
from pydantic.fields import FieldInfo

from ._docstring import Docstring, parse_docstring
from .tool import GENERIC_DESCRIPTION, BaseTool, arguments_of

_NAMED = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


class FunctionTool(BaseTool):
    """The base of all tools made from functions: `call` runs the function."""

    # Deferred: of the classes made from a function, only a provider's is ever used.
    model_config = ConfigDict(serialize_by_alias=True, defer_build=True)

    _run: ClassVar[Callable[[dict[str, Any]], Any]]

    def call(self) -> Any:
        """Run the function on the arguments; an async function gives its coroutine."""
        return type(self)._run(arguments_of(self))


def function_tool(
    fn: Callable[..., Any],
    base: type[BaseTool],
    name: str | None = None,
    docstring: str | None = None,
) -> type[BaseTool]:
    """The subclass of `base` that runs `fn`; `name` and `docstring` replace the function's own.

    Raises ValueError for a parameter without a type, and for a docstring that documents a parameter
    the function does not have.
    """
    name = name or fn.__name__
    if name == "<lambda>":
        raise ValueError("A lambda has no name to show the model. Use a function made with `def`.")
    parameters = _parameters(fn)
    annotations = _annotations(fn, parameters)
    documented = parse_docstring(fn.__doc__ if docstring is None else docstring)
    _check_documented(fn, parameters, documented)

    fields: dict[str, Any] = {}
    renamed: dict[str, str] = {}
    for parameter in parameters.values():
        attribute = _attribute(parameter.name, base, parameters)
        alias = None if attribute == parameter.name else parameter.name
        if alias:
            renamed[attribute] = alias
        fields[attribute] = _field(
            parameter, annotations[parameter.name], documented.parameters, alias
        )
    tool = create_model(
        name,
        __base__=(FunctionTool, base),
        __module__=fn.__module__,
        __doc__=documented.description or GENERIC_DESCRIPTION,
        **fields,
    )
    if documented.examples:
        tool.model_config["json_schema_extra"] = {"examples": documented.examples}
        tool.model_rebuild(force=True)
    tool._parameter_names = renamed
    cast(type[FunctionTool], tool)._run = staticmethod(_runner(fn, parameters))
    return tool


def _parameters(fn: Callable[..., Any]) -> dict[str, Parameter]:
    parameters = dict(inspect.signature(fn).parameters)
    first = next(iter(parameters), None)
    if first in ("self", "cls"):
        del parameters[first]
    for parameter in parameters.values():
        if parameter.annotation is Parameter.empty:
            raise ValueError(
                f"Parameter `{parameter.name}` of tool `{fn.__name__}` has no type annotation. "
                "The model is told the type of every parameter: add one."
            )
    return parameters


def _annotations(fn: Callable[..., Any], parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    """The parameters' types, with those written as text resolved."""
    function = inspect.unwrap(fn)
    function = getattr(function, "__func__", function)
    written = SimpleNamespace(__annotations__={n: p.annotation for n, p in parameters.items()})
    code, cells = getattr(function, "__code__", None), getattr(function, "__closure__", None)
    closure = (
        {
            variable: cell.cell_contents
            for variable, cell in zip(code.co_freevars, cells or (), strict=False)
            if cell is not None
        }
        if code
        else {}
    )
    try:
        return get_type_hints(
            written, getattr(function, "__globals__", {}), closure, include_extras=True
        )
    except NameError as error:
        raise ValueError(
            f"A type annotation of tool `{fn.__name__}` cannot be resolved: {error}. "
            "Define or import the type in the function's module."
        ) from error


def _check_documented(
    fn: Callable[..., Any], parameters: Mapping[str, Parameter], documented: Docstring
) -> None:
    if any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    for name in documented.parameters:
        if name not in parameters:
            raise ValueError(
                f"The signature of tool `{fn.__name__}` does not match docstring parameter "
                f"`{name}`: there is no such parameter. Rename or remove it in the docstring."
            )


def _attribute(name: str, base: type[BaseTool], parameters: Mapping[str, Parameter]) -> str:
    """The attribute for a parameter: its own name, but for the names of a tool's members."""
    if not name.startswith("_") and not _is_member(name, base):
        return name
    attribute = f"{name.strip('_') or 'argument'}_"
    while attribute in parameters or _is_member(attribute, base):
        attribute += "_"
    return attribute


def _is_member(name: str, base: type[BaseTool]) -> bool:
    return any(name in owner.__dict__ for owner in base.__mro__)


def _field(
    parameter: Parameter, annotation: Any, descriptions: Mapping[str, str], alias: str | None
) -> tuple[Any, Any]:
    default = parameter.default
    if parameter.kind is Parameter.VAR_POSITIONAL:
        annotation, default = list[annotation], FieldInfo(default_factory=list)
    elif parameter.kind is Parameter.VAR_KEYWORD:
        annotation, default = dict[str, annotation], FieldInfo(default_factory=dict)
    options: dict[str, Any] = {}
    if description := descriptions.get(parameter.name):
        options["description"] = description
    if alias:
        options["alias"] = alias
    if isinstance(default, FieldInfo):
        return (Annotated[annotation, Field(**options)] if options else annotation), default
    return annotation, Field(... if default is Parameter.empty else default, **options)


def _runner(
    fn: Callable[..., Any], parameters: Mapping[str, Parameter]
) -> Callable[[dict[str, Any]], Any]:
    """What passes the arguments on to `fn` in the way its signature wants them."""
    kinds = {name: parameter.kind for name, parameter in parameters.items()}
    if all(kind in _NAMED for kind in kinds.values()):
        return lambda arguments: fn(**arguments)

    def run(arguments: dict[str, Any]) -> Any:
        positional: list[Any] = []
        named: dict[str, Any] = {}
        for name, kind in kinds.items():
            value = arguments[name]
            if kind is Parameter.VAR_POSITIONAL:
                positional += value
            elif kind is Parameter.VAR_KEYWORD:
                named |= value
            elif kind in _POSITIONAL:
                positional.append(value)
            else:
                named[name] = value
        return fn(*positional, **named)

    return run
