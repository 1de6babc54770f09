"""What connects calls with other libraries: tracing, and middleware of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import langfuse as langfuse
    from . import logfire as logfire
    from . import otel as otel
    from . import tenacity as tenacity
    from ._middleware import middleware_factory as middleware_factory

if not TYPE_CHECKING:  # or a misspelt name would pass the checkers
    from .._lazy import lazy

    __getattr__, __dir__ = lazy(
        __name__,
        {"middleware_factory": "._middleware"},
        ("langfuse", "logfire", "otel", "tenacity"),
    )

__all__ = ["langfuse", "logfire", "middleware_factory", "otel", "tenacity"]
