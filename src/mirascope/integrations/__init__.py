"""What connects calls with other libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import GetAttribute, ListNames, lazy

if TYPE_CHECKING:
    from . import tenacity as tenacity

__getattr__: GetAttribute
__dir__: ListNames
__getattr__, __dir__ = lazy(__name__, {}, ("tenacity",))

__all__ = ["tenacity"]
