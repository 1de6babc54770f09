"""Who answers these programs: the provider where its key is set, else the sandbox."""

import os
from collections.abc import Generator
from contextlib import contextmanager

from mirascope.sandbox import Sandbox, sandbox


@contextmanager
def sandbox_without(variable: str, *, strict: bool = True) -> Generator[Sandbox | None]:
    """Have the sandbox answer where the variable is not set; gives it, or None."""
    if os.environ.get(variable):
        yield None
    else:
        with sandbox(strict=strict) as box:
            yield box
