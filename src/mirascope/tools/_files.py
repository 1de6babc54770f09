"""Files of one directory, for a model to read and to write."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, field_validator

from ..core.base.toolkit import toolkit_tool
from .base import ConfigurableToolKit

_MOST_ENTRIES = 1000
# What is opened is what was checked: no link, and no pipe that would wait for somebody to write.
_AS_CHECKED: int = sum(
    getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY", "O_CLOEXEC")
)
_BYTE_ORDER_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"", "utf-8-sig"))


class FileSystemToolKitConfig(BaseModel):
    """What the file tools may handle.

    - `max_file_size`: the most bytes that a file may have, read or written.
    - `allowed_extensions`: the endings of files that may be read, written and deleted.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)

    max_file_size: NonNegativeInt = 10 * 1024 * 1024
    allowed_extensions: list[str] = ["txt", "md", "csv", "json", "yml", "yaml", "html"]

    @field_validator("allowed_extensions")
    @classmethod
    def _without_dots(cls, extensions: list[str]) -> list[str]:
        return [extension.removeprefix(".").lower() for extension in extensions]


class _Refused(ValueError):
    """Not done; the text is for the model."""


class FileSystemToolKit(ConfigurableToolKit[FileSystemToolKitConfig]):
    """Tools that read, write, list and delete the text files of one directory.

        toolkit = FileSystemToolKit(base_directory=Path("notes"))

        @llm.call("openai", "gpt-4o-mini", tools=toolkit.create_tools())
        def keep_notes(wish: str) -> str: ...

    All paths are relative to `base_directory`, which is the working directory where none is given.
    Nothing outside it is reached: absolute paths, `..` and links that lead out of it are refused.
    What is refused, and what fails, is a text for the model that starts with `Error: `.

    Raises pydantic.ValidationError where `base_directory` is no directory.
    """

    __namespace__: ClassVar[str | None] = "file_system"

    base_directory: Path = Field(default_factory=Path.cwd)
    config: FileSystemToolKitConfig = FileSystemToolKitConfig()

    @field_validator("base_directory", mode="after")
    @classmethod
    def _is_there(cls, directory: Path) -> Path:
        if not directory.is_dir():
            raise ValueError(f"`{directory}` is no directory. Create it first")
        return directory.resolve()

    @classmethod
    def _usage(cls) -> str:
        config: FileSystemToolKitConfig = cls.__pydantic_fields__["config"].default
        return (
            "Tools for the text files of one directory: ReadFile, WriteFile, ListDirectory, "
            "CreateDirectory and DeleteFile. Paths are relative to that directory. Files end in "
            f"{_listed(config.allowed_extensions)} and have at most {config.max_file_size} bytes."
        )

    @toolkit_tool
    def ReadFile(self, path: str) -> str:
        """Read a text file.

        Args:
            path: The path of the file, relative to the base directory.
        """
        return _told(path, lambda: self._read(path))

    @toolkit_tool
    def WriteFile(self, path: str, content: str) -> str:
        """Write a text file: create it, or replace all that it holds.

        Args:
            path: The path of the file, relative to the base directory.
            content: The whole text of the file.
        """
        return _told(path, lambda: self._write(path, content))

    @toolkit_tool
    def ListDirectory(self, path: str = ".") -> str:
        """List what a directory holds, a name per line; names of directories end in `/`.

        Args:
            path: The path of the directory, relative to the base directory.
        """
        return _told(path, lambda: self._list(path))

    @toolkit_tool
    def CreateDirectory(self, path: str) -> str:
        """Create a directory, and those that it lies in.

        Args:
            path: The path of the directory, relative to the base directory.
        """
        return _told(path, lambda: self._create(path))

    @toolkit_tool
    def DeleteFile(self, path: str) -> str:
        """Delete a file. Directories cannot be deleted.

        Args:
            path: The path of the file, relative to the base directory.
        """
        return _told(path, lambda: self._delete(path))

    # --- what they do

    def _read(self, path: str) -> str:
        place = self._file(path)
        most = self.config.max_file_size
        with os.fdopen(os.open(place, os.O_RDONLY | _AS_CHECKED), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise _Refused(f"`{path}` is no file")
            data = file.read(most + 1)
        if len(data) > most:
            raise _Refused(f"`{path}` has more than the {most} bytes that are allowed")
        encoding = next(name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark))
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            raise _Refused(f"`{path}` is no text in UTF-8") from None

    def _write(self, path: str, content: str) -> str:
        place = self._file(path)
        most = self.config.max_file_size
        try:
            data = content.encode()
        except UnicodeEncodeError:
            raise _Refused("the content holds half a surrogate pair, which is no text") from None
        if len(data) > most:
            raise _Refused(f"the content has {len(data)} bytes, and {most} are allowed")
        if place.exists() and not place.is_file():
            raise _Refused(f"`{path}` is no file")
        place.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _AS_CHECKED
        with os.fdopen(os.open(place, flags, 0o666), "wb") as file:
            file.write(data)
        return f"Wrote {len(data)} bytes to `{path}`."

    def _list(self, path: str) -> str:
        with os.scandir(self._resolved(path)) as entries:
            # Links are not followed: what lies outside is not told.
            names = sorted(
                f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name
                for entry in entries
            )
        if not names:
            return f"`{path}` is empty."
        if len(names) > _MOST_ENTRIES:
            names[_MOST_ENTRIES:] = [f"… and {len(names) - _MOST_ENTRIES} more"]
        return "\n".join(names)

    def _create(self, path: str) -> str:
        place = self._resolved(path)
        if place.is_dir():
            return f"`{path}` is there already."
        place.mkdir(parents=True, exist_ok=True)
        return f"Created `{path}`."

    def _delete(self, path: str) -> str:
        if not self._file(path).is_file():
            raise _Refused(f"`{path}` is no file that is there")
        # Of a link the link itself, not the file that it leads to.
        named = Path(path)
        (self._resolved(str(named.parent)) / named.name).unlink()
        return f"Deleted `{path}`."

    # --- where a path leads

    def _resolved(self, path: str) -> Path:
        """Where the path leads, which is inside the base directory."""
        if PurePosixPath(path).is_absolute() or PureWindowsPath(path).anchor:
            raise _Refused(f"`{path}` is absolute. Paths are relative to the base directory")
        if ".." in (*PurePosixPath(path).parts, *PureWindowsPath(path).parts):
            raise _Refused(f"`{path}` has `..`. Paths stay inside the base directory")
        place = (self.base_directory / path).resolve()
        if not place.is_relative_to(self.base_directory):
            raise _Refused(f"`{path}` leads out of the base directory")
        return place

    def _file(self, path: str) -> Path:
        """Where the path of a file leads; the file need not be there."""
        place = self._resolved(path)
        for name in (PurePosixPath(path).name, place.name):
            extension = name.rpartition(".")[2].lower() if "." in name else ""
            if extension not in self.config.allowed_extensions:
                known = _listed(self.config.allowed_extensions)
                raise _Refused(f"`{path}` is not of an allowed kind. Files end in {known}")
        return place


def _listed(extensions: list[str]) -> str:
    return ", ".join(f"`.{extension}`" for extension in extensions) or "nothing: none is allowed"


def _told(path: str, action: Callable[[], str]) -> str:
    """What the action gives, or in words for the model why it was not done."""
    try:
        return action()
    except _Refused as refusal:
        return f"Error: {refusal}."
    except OSError as error:
        # Not the error's own text, which has the whole path.
        reason = "it leads to itself" if error.errno == errno.ELOOP else error.strerror
        return f"Error: `{path}`: {reason or type(error).__name__}."
    except RuntimeError:
        return f"Error: `{path}`: it leads to itself."  # a loop of links, before Python 3.13
    except ValueError:
        return "Error: the path holds a character that paths may not have."
