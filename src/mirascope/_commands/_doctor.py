"""`python -m mirascope doctor`: what is installed, which keys are set, and what is missing."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import textwrap
from importlib.metadata import PackageNotFoundError, requires, version
from typing import NamedTuple, get_args

from .._version import __version__
from ..core._providers import PROVIDERS
from ..core.base.types import LocalProvider

_REQUIREMENT = re.compile(
    r"(?P<name>[\w.-]+)(?:\[[^\]]*\])?(?P<range>[^;]*?)\s*;\s*extra == ['\"](?P<extra>[\w-]+)['\"]"
)
_BOUND = re.compile(r"(>=|<=|!=|==|<|>)\s*([^,\s]+)")
_SECRET = re.compile(r"KEY|TOKEN|SECRET|CREDENTIAL|PASSWORD")


class Package(NamedTuple):
    """A package that an extra installs."""

    name: str
    supported: str
    """The versions that this library is made for."""
    installed: str | None

    @property
    def state(self) -> str:
        """`ok`, `missing` or `unsupported`."""
        if self.installed is None:
            return "missing"
        return "ok" if fits(self.installed, self.supported) else "unsupported"


def packages_of(extra: str) -> list[Package]:
    """The packages that an extra installs, with the versions that are there."""
    found: list[Package] = []
    for text in requires("everscope") or []:
        match = _REQUIREMENT.fullmatch(text)
        if match and match["extra"] == extra:
            found.append(Package(match["name"], match["range"].strip(), _installed(match["name"])))
    return found


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def fits(installed: str, supported: str) -> bool:
    """Whether a version is within a range like `>=2,<4`; a pre-release counts as its release."""
    have = _numbers(installed)
    for operator, number in _BOUND.findall(supported):
        want = _numbers(number)
        length = max(len(have), len(want))
        a, b = (each + (0,) * (length - len(each)) for each in (have, want))
        holds = {">=": a >= b, "<=": a <= b, "<": a < b, ">": a > b, "==": a == b, "!=": a != b}
        if not holds[operator]:
            return False
    return True


def _numbers(text: str) -> tuple[int, ...]:
    match = re.match(r"\d+(?:\.\d+)*", text.strip())
    return tuple(map(int, match[0].split("."))) if match else ()


class Row(NamedTuple):
    """What there is to say of a provider; the value of no setting."""

    provider: str
    title: str
    state: str
    """`ok`, `missing` or `unsupported`."""
    packages: list[Package]
    keys: dict[str, bool]
    """The environment variables that hold its keys, and whether they are set."""
    install: str | None
    """The command that installs what is missing."""


def report() -> list[Row]:
    """What there is to say of each provider."""
    return [_row(name) for name, entry in PROVIDERS.items() if not entry.instead]


def _row(name: str) -> Row:
    entry = PROVIDERS[name]
    packages = packages_of(entry.extra)
    states = {package.state for package in packages}
    state = next((each for each in ("missing", "unsupported") if each in states), "ok")
    keys = {each: bool(os.environ.get(each)) for each in entry.environment if _SECRET.search(each)}
    install = None if state == "ok" else f'pip install "everscope[{entry.extra}]"'
    return Row(name, entry.title, state, packages, keys, install)


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "doctor",
        help="say which SDKs are installed, which keys are set, and what is missing",
        description="Say for each provider whether its SDK is installed in a version that is "
        "supported, and which of its keys are set; their values are never shown. The exit status "
        "is 1 where no provider can be used, or an installed SDK has an unsupported version.",
    )
    parser.add_argument("--json", action="store_true", help="print all of it as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command; the exit status."""
    rows = report()
    if options.json:
        providers = [
            {**row._asdict(), "packages": [package._asdict() for package in row.packages]}
            for row in rows
        ]
        python = platform.python_version()
        told = {"everscope": __version__, "python": python, "providers": providers}
        print(json.dumps(told, indent=2))
    else:
        print(f"everscope {__version__}, Python {platform.python_version()}")
        for row in rows:
            _print_row(row)
    states = [row.state for row in rows]
    return 0 if "ok" in states and "unsupported" not in states else 1


def _print_row(row: Row) -> None:
    shown = ", ".join(f"{each.name} {each.installed or 'missing'}" for each in row.packages)
    is_set = [name for name, given in row.keys.items() if given]
    if is_set:
        key = f"set: {', '.join(is_set)}"
    elif row.provider in get_args(LocalProvider):
        key = "needs no key"
    else:
        key = "no key set" if row.keys else "keys are those of what it forwards to"
    print(_wrapped(f"{row.title:<15} {row.state:<12} {shown} · {key}", 29))
    if row.install:
        wanted = "; ".join(f"{each.name} {each.supported}" for each in row.packages)
        print(_wrapped(f"{'':<15} {row.install}  ({wanted.replace(',', ', ')})", 16))


def _wrapped(line: str, indent: int) -> str:
    """A line in the width of the terminal, further ones indented; whole where there is none."""
    columns = shutil.get_terminal_size((10_000, 24)).columns
    if len(line) <= columns:
        return line
    return textwrap.fill(
        line,
        max(columns, 50),
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
