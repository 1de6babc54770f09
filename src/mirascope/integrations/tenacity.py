"""The older place of `mirascope.retries.tenacity`."""

from __future__ import annotations

import warnings

from ..retries.tenacity import collect_errors

__all__ = ["collect_errors"]

warnings.warn(
    "`mirascope.integrations.tenacity` is now `mirascope.retries.tenacity`.",
    DeprecationWarning,
    stacklevel=2,
)
