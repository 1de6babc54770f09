"""The figures of a limit in a file that the processes of one machine share.

The file is mapped into memory and locked with `flock` for each change, which takes 3 µs where a
transaction of SQLite takes 35. What a process holds stands in a row of its own, with its number and
the time of its start, so that a process that dies holds nothing for longer than it takes to see
that. Times are those of `time.monotonic`, which on Linux and macOS is one clock for all processes.
"""

from __future__ import annotations

import errno
import mmap
import os
import zlib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._buckets import OWN, ROWS, SIZE, Cells

if TYPE_CHECKING:
    from collections.abc import Callable

try:
    fcntl: Any = import_module("fcntl")
except ImportError:
    # Windows has no such module.
    fcntl = None

_MAGIC = 0x4C494D31
_MAGIC_AT, _WINDOW_AT, _BOOT_AT, _CHANGING_AT = OWN, OWN + 1, OWN + 2, OWN + 3
_PIDS = SIZE
_STARTS = SIZE + ROWS
_BYTES = (SIZE + 2 * ROWS) * 8


class SharedCells:
    """The figures, locked while this is entered.

    Raises OSError where the file cannot be opened, ValueError where it is of another kind or for
    another window, and RuntimeError where too many processes share it.
    """

    rows = ROWS

    def __init__(self, path: Path, window: float) -> None:
        self._file = -1
        if fcntl is None:
            raise ImportError(
                "`shared` needs the module `fcntl`, which Python has on Linux and macOS. Without "
                "`shared`, give each process its part of the limit.",
                name="fcntl",
            )
        self.path = path
        self._window = window
        self.repair: Callable[[], None] = lambda: None
        """What to do where a process has died in the middle of a change."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                self._map()
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)
        except BaseException:
            self._close()
            raise

    def _map(self) -> None:
        size = os.fstat(self._file).st_size
        if size not in (0, _BYTES):
            raise ValueError(f"`{self.path}` is not a file of a shared limit. Name another.")
        os.ftruncate(self._file, _BYTES)
        self.cells: Cells = memoryview(mmap.mmap(self._file, _BYTES)).cast("d")
        cells, boot = self.cells, _boot()
        if size and cells[_MAGIC_AT] != _MAGIC:
            raise ValueError(f"`{self.path}` is not a file of a shared limit. Name another.")
        if not size or cells[_BOOT_AT] != boot:
            # New, or of before the machine was started: all that it says is over.
            for index in range(len(cells)):
                cells[index] = 0
            cells[_MAGIC_AT], cells[_BOOT_AT], cells[_WINDOW_AT] = _MAGIC, boot, self._window
        if cells[_WINDOW_AT] != self._window:
            raise ValueError(
                f"`{self.path}` is shared by limits per {cells[_WINDOW_AT]:g} s, and this one is "
                f"per {self._window:g} s. Give them the same `per`, or name another file."
            )
        self.row = self._take_row()

    def _take_row(self) -> int:
        pid, alive = os.getpid(), list(map(self._is_alive, range(ROWS)))
        if any(alive[row] and self.cells[_PIDS + row] == pid for row in range(ROWS)):
            raise ValueError(
                f"This process has a limit that is shared by `{self.path}`. Use that one, or "
                "`remove()` it first."
            )
        if all(alive):
            raise RuntimeError(f"`{self.path}` is shared by {ROWS} processes, which is the most.")
        row = alive.index(False)
        self.cells[_PIDS + row], self.cells[_STARTS + row] = pid, _start_of(pid)
        return row

    def ended_rows(self) -> list[int]:
        """The rows of processes that have ended. Each is listed once."""
        ended = [row for row in range(ROWS) if self.cells[_PIDS + row] and not self._is_alive(row)]
        for row in ended:
            self.cells[_PIDS + row] = 0
        return ended

    def leave(self) -> None:
        """This process holds nothing any more, and asks for nothing. Called while it is locked."""
        self.cells[_PIDS + self.row] = 0

    def _is_alive(self, row: int) -> bool:
        pid = int(self.cells[_PIDS + row])
        return pid != 0 and _start_of(pid) == self.cells[_STARTS + row]

    def __enter__(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        if self.cells[_CHANGING_AT]:
            self.repair()
        self.cells[_CHANGING_AT] = 1

    def __exit__(self, *_: object) -> None:
        self.cells[_CHANGING_AT] = 0
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def __del__(self) -> None:
        self._close()

    def _close(self) -> None:
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)


class OwnCells:
    """The figures of a limit that this process has for itself."""

    row = 0
    rows = 1

    def __init__(self) -> None:
        self.cells: Cells = memoryview(bytearray(SIZE * 8)).cast("d")

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def _boot() -> float:
    """A number for the time since the machine was started."""
    try:
        text = Path("/proc/sys/kernel/random/boot_id").read_bytes()
    except OSError:
        return 1
    return zlib.crc32(text) + 2.0


def _start_of(pid: int) -> float:
    """When a process started, as a number that no later process of that number has; -1 for none.

    1 where the system does not say.
    """
    try:
        # The second field is the name of the program, which may hold anything.
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return -1 if stat[0] in "ZX" else float(stat[19])
    except (OSError, IndexError, ValueError):
        pass
    if os.path.exists("/proc/self/stat"):
        return -1
    try:
        os.kill(pid, 0)
    except OSError as error:
        return 1 if error.errno == errno.EPERM else -1
    return 1
