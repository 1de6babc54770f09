"""What may be secret in the parameters of a call, and how to show them without it.

Parameters stay as they are where they are used. What leaves the process (dumps, pickles) and what
is shown (`repr`) has them masked.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from ._narrow import is_dict, is_list

MASK = "**********"
"""What is shown in the place of a secret: the same as pydantic shows."""

_SECRET = re.compile(
    r"(?:^|[_-])(?:api[_-]?key|access[_-]?key|secret|password|authorization|credentials?|token"
    r"|cookie)$",
    re.IGNORECASE,
)
_HEADERS = re.compile(r"(?:^|[_-])headers$", re.IGNORECASE)
_CONVERSATION = frozenset({"messages", "contents", "system", "system_instruction"})


def masked(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of a call, or its dynamic config, with the secrets in it masked.

    Those are the values of headers, keys, tokens and passwords at any depth, and clients. What the
    conversation is made of is shown as it is.
    """
    return {
        name: value if name in _CONVERSATION else _masked_item(name, value)
        for name, value in params.items()
    }


def _masked_item(name: Any, value: Any) -> Any:
    if name == "client" and value is not None:
        return f"<{type(value).__module__}.{type(value).__qualname__}>"
    if isinstance(name, str) and isinstance(value, (str, bytes)) and _SECRET.search(name):
        return MASK
    if isinstance(name, str) and is_dict(value) and _HEADERS.search(name):
        return dict.fromkeys(value, MASK)
    return _masked_value(value)


def _masked_value(value: Any) -> Any:
    # What holds no secret is given back itself.
    if is_list(value):
        items = [_masked_value(item) for item in value]
        return value if all(map(operator.is_, items, value)) else items
    if is_dict(value):
        fields = value
    elif isinstance(value, BaseModel):
        fields = {name: getattr(value, name) for name in value.model_fields_set}
    else:
        return value
    shown = {name: _masked_item(name, item) for name, item in fields.items()}
    return value if all(shown[name] is fields[name] for name in fields) else shown
