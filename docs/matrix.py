"""Writes the tables of capabilities in `providers.md` from what the adapters state.

`python docs/matrix.py` brings the tables up to date; a test holds them to the adapters, and these
to what they do.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from mirascope.core._providers import PROVIDERS, is_installed, provider_named
from mirascope.core.base._provider import Provider
from mirascope.core.costs._prices import has_prices

PAGE = Path(__file__).parent / "providers.md"
OLDER_NAMES = ("gemini", "vertex")


def media(kind: str) -> Callable[[Provider], str]:
    """How a provider takes one kind of media."""

    def cell(provider: Provider) -> str:
        as_bytes = kind in provider.part_types
        as_url = f"{kind}_url" in provider.part_types and "https" in provider.url_schemes
        if as_bytes and not as_url:
            return "bytes, loaded URL"
        return ", ".join(word for word, given in (("bytes", as_bytes), ("URL", as_url)) if given)

    return cell


def member(name: str) -> Callable[[Provider], bool]:
    """Whether a provider's responses have a property of their own."""
    return lambda provider: hasattr(provider.response_type, name)


def retries(provider: Provider) -> str:
    """What `max_retries` is to a provider."""
    return "a count" if provider.retries_streams else "a count; no streams"


Capabilities: TypeAlias = dict[str, Callable[[Provider], bool | str]]

TABLES: dict[str, Capabilities] = {
    "answers": {
        "response model by tool": lambda provider: provider.can_force_tool({}),
        "by enforced schema": lambda provider: provider.has_strict_json,
        "thinking": lambda provider: provider.shows_thinking,
        "cache marks": lambda provider: "cache_control" in provider.part_types,
        "citations": member("citations"),
        "spoken replies": lambda provider: provider.speaks,
        "cost": lambda provider: has_prices(provider.name),
    },
    "media": {
        "images": media("image"),
        "sound": media("audio"),
        "documents": media("document"),
    },
    "waiting": {
        "`timeout` limits": lambda provider: provider.timeout_covers,
        "`max_retries`": retries,
        "heeds `Retry-After`": lambda provider: ", ".join(provider.heeds_retry_after),
    },
}
"""What the providers differ in, by the table that says it."""


def row(provider: Provider, capabilities: Capabilities) -> str:
    """The row of one provider."""
    cells = [shown(capability(provider)) for capability in capabilities.values()]
    return " | ".join([f"| {provider.title}", *cells]) + " |"


def shown(value: bool | str) -> str:
    """What stands in a cell."""
    return value if value and isinstance(value, str) else "✓" if value else "–"


def table(written: str, capabilities: Capabilities) -> str:
    """A table; the row of a provider whose SDK is not installed stays as it is `written`."""
    kept = {line.split(" | ")[0]: line for line in written.splitlines() if line.startswith("| ")}
    lines = [
        " | ".join(["| provider", *capabilities]) + " |",
        "|---" * (len(capabilities) + 1) + "|",
    ]
    for name, entry in PROVIDERS.items():
        if name in OLDER_NAMES:
            continue
        if is_installed(entry.sdk):
            lines.append(row(provider_named(name), capabilities))
        elif f"| {entry.title}" in kept:
            lines.append(kept[f"| {entry.title}"])
    return "\n".join(lines) + "\n"


def parts(page: str, name: str) -> tuple[str, str, str]:
    """What is before a table, in it and behind it."""
    start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before, _, rest = page.partition(start)
    written, _, after = rest.partition(end)
    return before + start, written, end + after


def brought_up_to_date(page: str) -> str:
    """The page with the tables that the adapters give."""
    for name, capabilities in TABLES.items():
        before, written, after = parts(page, name)
        page = before + table(written, capabilities) + after
    return page


if __name__ == "__main__":
    PAGE.write_text(brought_up_to_date(PAGE.read_text("utf-8")), "utf-8")
