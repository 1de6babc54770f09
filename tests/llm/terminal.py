"""A terminal that a test can read."""

from __future__ import annotations

import os
import pty
import re
import sys
import threading
from typing import TextIO

import pytest

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A pseudo-terminal: `file` is what a program writes to."""

    def __init__(self) -> None:
        self._master, slave = pty.openpty()
        self.file: TextIO = os.fdopen(slave, "w", encoding="utf-8")
        self._read = b""
        self._reader = threading.Thread(target=self._collect)
        self._reader.start()

    def _collect(self) -> None:
        # Linux raises when all that write are gone, other systems give nothing.
        try:
            while piece := os.read(self._master, 65536):
                self._read += piece
        except OSError:
            pass

    def text(self) -> str:
        """All that was written, without colours and moves of the cursor; ends the terminal."""
        self.close()
        return CONTROL.sub("", self._read.decode())

    def close(self) -> None:
        if not self.file.closed:
            self.file.close()
            self._reader.join()
            os.close(self._master)

    @staticmethod
    def hide_rich(monkeypatch: pytest.MonkeyPatch) -> None:
        """Have the package `rich` as good as not installed."""
        for name in [name for name in sys.modules if name.partition(".")[0] == "rich"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "rich", None)
