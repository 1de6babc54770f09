"""Not here: importing this module of Mirascope v1 says what to use instead of its helpers."""

from __future__ import annotations

from ..._commands._v1_names import refusal_of_private

raise refusal_of_private(__name__)
