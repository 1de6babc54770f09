"""Whether something can be shown on a terminal, and redrawn there."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console


def is_terminal(out: TextIO) -> bool:
    """Whether somebody watches; not so for what has no `isatty`, or was closed."""
    try:
        return out.isatty()
    except (AttributeError, ValueError):
        return False


def rich_console(out: TextIO) -> Console | None:
    """A console on a terminal that can redraw lines, where the package `rich` is installed."""
    if not is_terminal(out):
        return None
    try:
        from rich.console import Console
    except ImportError:
        return None
    console = Console(file=out)
    return console if console.is_terminal and not console.is_dumb_terminal else None
