"""What an integration needs besides this library."""

from __future__ import annotations

from ..core._providers import is_installed


def required(module: str, extra: str) -> None:
    """Raise ImportError, naming the extra to install, where a module is missing."""
    if not is_installed(module):
        raise ImportError(
            f"This needs the package that has `{module}`, which is not installed. "
            f'Install it with `pip install "everscope[{extra}]"`.',
            name=module,
        )
