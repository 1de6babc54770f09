"""Models and what they cost, a sandbox, and a look at the installation and at code for v1."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from mirascope._version import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status."""
    from mirascope._commands import _doctor, _migrate, _prices

    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if arguments[:1] == ["sandbox"]:
        from mirascope.sandbox.__main__ import main as serve

        sys.argv = sys.argv[:1] + arguments[1:]
        serve("python -m mirascope sandbox")
        return 0
    parser = argparse.ArgumentParser(prog="python -m mirascope", description=__doc__)
    parser.add_argument("--version", action="version", version=f"everscope {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _doctor.add_parser(commands)
    _prices.add_parsers(commands)
    _migrate.add_parser(commands)
    commands.add_parser("sandbox", help="serve the providers' protocols on this machine")
    if not arguments:
        parser.print_help(sys.stderr)
        return 2
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


if __name__ == "__main__":
    sys.exit(main())
