"""Mirascope v1 as it is without a client of its user's."""

from __future__ import annotations

from peers.mirascope_v1 import MISSING, functions  # noqa: F401

globals().update(functions(None, None))
