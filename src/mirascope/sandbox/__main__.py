"""`python -m mirascope.sandbox`: serve until Ctrl-C, and say how to point programs here."""

from __future__ import annotations

import argparse
import shlex
import signal
import threading

from mirascope.sandbox._sandbox import Sandbox


def main(program: str = "python -m mirascope.sandbox") -> None:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Serve the providers' protocols on this machine until Ctrl-C, and print the "
        "settings that point programs here.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, default=0, help="the port (default: a free one)")
    parser.add_argument(
        "--lenient", action="store_true", help="answer requests that a provider would refuse"
    )
    options = parser.parse_args()
    stop = threading.Event()

    def end(_number: int, _frame: object) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    box = Sandbox(
        redirect=False,
        record=False,
        strict=not options.lenient,
        host=options.host,
        port=options.port,
    )
    with box:
        for name, value in box.environment().items():
            print(f"export {name}={shlex.quote(value)}")
        print(f"# The sandbox listens on {box.url} until Ctrl-C.", flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
