"""The tools for the files of one directory."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from mirascope.tools import FileSystemToolKit, FileSystemToolKitConfig

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")


class Files:
    """The tools of a toolkit by their names."""

    def __init__(self, toolkit: FileSystemToolKit) -> None:
        self._tools = {tool._name(): tool for tool in toolkit.create_tools()}

    def __call__(self, name: str, **arguments: Any) -> str:
        result = self._tools[f"file_system_{name}"](**arguments).call()
        assert isinstance(result, str)
        return result

    def read(self, path: str) -> str:
        return self("ReadFile", path=path)

    def write(self, path: str, content: str) -> str:
        return self("WriteFile", path=path, content=content)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    base = tmp_path / "base"
    base.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    return base


@pytest.fixture
def files(base: Path) -> Files:
    return Files(FileSystemToolKit(base_directory=base))


def test_names_and_parameters(base: Path) -> None:
    tools = FileSystemToolKit(base_directory=base).create_tools()
    parameters = {tool._name(): tool._parameters() for tool in tools}
    assert {name: list(each["properties"]) for name, each in parameters.items()} == {
        "file_system_ReadFile": ["path"],
        "file_system_WriteFile": ["path", "content"],
        "file_system_ListDirectory": ["path"],
        "file_system_CreateDirectory": ["path"],
        "file_system_DeleteFile": ["path"],
    }
    assert "required" not in parameters["file_system_ListDirectory"]
    assert parameters["file_system_WriteFile"]["required"] == ["path", "content"]
    assert str(base) not in str([tool._description() for tool in tools])


def test_a_day_of_a_file(files: Files, base: Path) -> None:
    assert files("ListDirectory") == "`.` is empty."
    assert files("CreateDirectory", path="notes/old") == "Created `notes/old`."
    assert files("CreateDirectory", path="notes/old") == "`notes/old` is there already."
    assert files.write("notes/a.md", "Größe\r\n") == "Wrote 9 bytes to `notes/a.md`."
    assert (base / "notes" / "a.md").read_bytes() == "Größe\r\n".encode()
    assert files.read("notes/a.md") == "Größe\r\n"
    files.write("notes/a.md", "x")
    assert files.read("./notes//a.md") == "x"
    files.write("new/deep/b.TXT", "made with its directories")
    assert files("ListDirectory") == "new/\nnotes/"
    assert files("ListDirectory", path="notes") == "a.md\nold/"
    assert files("DeleteFile", path="notes/a.md") == "Deleted `notes/a.md`."
    assert files.read("notes/a.md") == "Error: `notes/a.md`: No such file or directory."
    assert files("DeleteFile", path="notes/a.md") == (
        "Error: `notes/a.md` is no file that is there."
    )


OUTSIDE = [
    *(
        "/etc/passwd.txt",
        "/",
        "../secret.txt",
        "a/../../secret.txt",
        "..",
        "a/..",
        "./../secret.txt",
    ),
    *("..\\secret.txt", "a\\..\\..\\secret.txt", "C:\\secret.txt", "C:secret.txt", "\\secret.txt"),
    *("\\\\host\\share\\a.txt", "//host/share/a.txt"),
]


@pytest.mark.parametrize("path", OUTSIDE)
def test_nothing_outside(path: str, files: Files, base: Path) -> None:
    (base / "a").mkdir()
    before = {place: place.stat().st_mtime for place in base.parent.rglob("*")}
    for answer in (
        files.read(path),
        files.write(path, "x"),
        files("ListDirectory", path=path),
        files("CreateDirectory", path=path),
        files("DeleteFile", path=path),
    ):
        assert answer.startswith("Error: ")
        assert "secret" not in answer.replace(path, "")
    assert {place: place.stat().st_mtime for place in base.parent.rglob("*")} == before


def test_an_absolute_path_inside_is_refused_too(files: Files, base: Path) -> None:
    (base / "a.txt").write_text("a")
    assert files.read(str(base / "a.txt")).startswith("Error: ")


@needs_links
def test_links_that_lead_out(files: Files, base: Path) -> None:
    (base / "file.txt").symlink_to(base.parent / "secret.txt")
    (base / "dangling.txt").symlink_to(base.parent / "new.txt")
    (base / "up").symlink_to(base.parent)
    for path in ("file.txt", "dangling.txt", "up/secret.txt", "up/new.txt"):
        for answer in (files.read(path), files.write(path, "x"), files("DeleteFile", path=path)):
            assert answer == f"Error: `{path}` leads out of the base directory."
    for name in ("ListDirectory", "CreateDirectory"):
        assert files(name, path="up") == "Error: `up` leads out of the base directory."
        assert files(name, path="up/new").startswith("Error: ")
    assert files("ListDirectory") == "dangling.txt\nfile.txt\nup"
    assert (base.parent / "secret.txt").read_text() == "secret"
    assert sorted(os.listdir(base.parent)) == ["base", "secret.txt"]


@needs_links
def test_links_that_stay_inside(files: Files, base: Path) -> None:
    (base / "a.txt").write_text("a")
    (base / ".env").write_text("KEY=1")
    (base / "link.txt").symlink_to("a.txt")
    (base / "env.txt").symlink_to(".env")
    assert files.read("link.txt") == "a"
    assert files("DeleteFile", path="link.txt") == "Deleted `link.txt`."
    assert (base / "a.txt").read_text() == "a"
    # The kind is that of the file, not of the link.
    assert files.read("env.txt").startswith("Error: `env.txt` is not of an allowed kind.")


@needs_links
def test_links_that_lead_to_themselves(files: Files, base: Path) -> None:
    (base / "a.txt").symlink_to("b.txt")
    (base / "b.txt").symlink_to("a.txt")
    for answer in (files.read("a.txt"), files.write("a.txt", "x")):
        assert answer == "Error: `a.txt`: it leads to itself."


@needs_links
def test_a_base_directory_that_is_a_link(tmp_path: Path, base: Path) -> None:
    (tmp_path / "link").symlink_to(base)
    files = Files(FileSystemToolKit(base_directory=tmp_path / "link"))
    files.write("a.txt", "a")
    assert (base / "a.txt").read_text() == "a"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names there")
def test_pipes_do_not_hold_it_up(files: Files, base: Path) -> None:
    os.mkfifo(base / "pipe.txt")
    assert files.read("pipe.txt") == "Error: `pipe.txt` is no file."
    assert files.write("pipe.txt", "x") == "Error: `pipe.txt` is no file."
    assert files("DeleteFile", path="pipe.txt").startswith("Error: ")


def test_kinds_of_files(base: Path) -> None:
    config = FileSystemToolKitConfig(allowed_extensions=[".TXT", "md"])
    files = Files(FileSystemToolKit(base_directory=base, config=config))
    assert files.write("a.Txt", "x").startswith("Wrote")
    for path in ("a.json", "a", ".txt.sh", "md", "txt", "a.", "", "."):
        for answer in (files.read(path), files.write(path, ""), files("DeleteFile", path=path)):
            assert answer == (
                f"Error: `{path}` is not of an allowed kind. Files end in `.txt`, `.md`."
            )
    none = FileSystemToolKitConfig(allowed_extensions=[])
    assert "none is allowed" in Files(FileSystemToolKit(base_directory=base, config=none)).read("a")


def test_sizes(base: Path) -> None:
    config = FileSystemToolKitConfig(max_file_size=4)
    files = Files(FileSystemToolKit(base_directory=base, config=config))
    assert files.write("a.txt", "1234") == "Wrote 4 bytes to `a.txt`."
    assert files.write("a.txt", "ééé") == "Error: the content has 6 bytes, and 4 are allowed."
    assert files.read("a.txt") == "1234"
    (base / "b.txt").write_text("12345")
    assert files.read("b.txt") == "Error: `b.txt` has more than the 4 bytes that are allowed."


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("é".encode("utf-8-sig"), "é"),
        ("é".encode("utf-16"), "é"),
        (b"", ""),
        ("é".encode("latin-1"), "Error: `a.txt` is no text in UTF-8."),
        (b"\xff\xfe\x00", "Error: `a.txt` is no text in UTF-8."),
    ],
)
def test_encodings(data: bytes, text: str, files: Files, base: Path) -> None:
    (base / "a.txt").write_bytes(data)
    assert files.read("a.txt") == text


def test_what_no_file_system_takes(files: Files, base: Path) -> None:
    for path in ("a\0.txt", "x" * 5000 + ".txt", "\ud800.txt"):
        assert files.read(path).startswith("Error: ")
        assert files.write(path, "x").startswith("Error: ")
    assert files.write("a.txt", "\ud800").startswith("Error: the content holds half")
    assert list(base.iterdir()) == []


def test_directories_are_no_files(files: Files, base: Path) -> None:
    (base / "d.txt").mkdir()
    (base / "f.txt").write_text("f")
    for answer in (
        files.read("d.txt"),
        files.write("d.txt", "x"),
        files("DeleteFile", path="d.txt"),
        files("ListDirectory", path="f.txt"),
        files("ListDirectory", path="none"),
        files("CreateDirectory", path="f.txt"),
        files("CreateDirectory", path="f.txt/x"),
        files.write("f.txt/a.txt", "x"),
    ):
        assert answer.startswith("Error: ")
        assert str(base) not in answer
    assert (base / "d.txt").is_dir()


def test_long_lists_are_cut(files: Files, base: Path) -> None:
    for number in range(1003):
        (base / f"{number:04}.txt").touch()
    lines = files("ListDirectory").split("\n")
    assert lines[:2] == ["0000.txt", "0001.txt"]
    assert lines[-2:] == ["0999.txt", "… and 3 more"]


def test_the_default_is_the_working_directory_of_the_time(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(base)
    toolkit = FileSystemToolKit()
    monkeypatch.chdir(base.parent)
    assert toolkit.base_directory == base.resolve()
    assert Files(toolkit).read("secret.txt").startswith("Error: ")
    assert Files(FileSystemToolKit()).read("secret.txt") == "secret"


@pytest.mark.parametrize("name", ["missing", "secret.txt"])
def test_a_base_directory_that_is_none(name: str, tmp_path: Path, base: Path) -> None:
    with pytest.raises(ValidationError, match="is no directory"):
        FileSystemToolKit(base_directory=tmp_path / name)


def test_from_config(base: Path) -> None:
    small = FileSystemToolKit.from_config(FileSystemToolKitConfig(max_file_size=2))
    assert issubclass(small, FileSystemToolKit)
    assert "at most 2 bytes" in small.usage_description()
    assert "at most 10485760 bytes" in FileSystemToolKit.usage_description()
    files = Files(small(base_directory=base))
    assert files.write("a.txt", "123").startswith("Error: ")
    assert Files(FileSystemToolKit(base_directory=base)).write("a.txt", "123").startswith("Wrote")
    given = FileSystemToolKitConfig(max_file_size=3)
    assert small(base_directory=base, config=given).config is given
    for wrong in ({"max_file_size": -1}, {"max_size": 1}, {"allowed_extensions": "txt"}):
        with pytest.raises(ValidationError):
            FileSystemToolKitConfig(**wrong)  # type: ignore[arg-type]
