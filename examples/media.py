"""Media: images, PDFs and recordings as parts of a prompt, each from a file."""

import struct
import wave
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

from _answering import answering

from mirascope import llm, prompt_template


@llm.call(provider="openai", model="gpt-4o-mini")
@prompt_template("What is the difference? {before:image} {after:image(detail=low)}")
def compare(before: Path, after: Path) -> None: ...


@llm.call(provider="openai", model="gpt-4o-mini")
@prompt_template("Sum it up. {paper:document}")
def sum_up(paper: Path) -> None: ...


@llm.call(provider="openai", model="gpt-4o-audio-preview")
@prompt_template("Write down what is said. {recording:audio}")
def write_down(recording: Path) -> None: ...


def png(red: int, green: int, blue: int, side: int = 16) -> bytes:
    """A square of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pixels = (b"\x00" + bytes((red, green, blue)) * side) * side
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(pixels))
        + chunk(b"IEND", b"")
    )


PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]>>endobj
trailer<</Root 1 0 R>>
"""


def main() -> None:
    with TemporaryDirectory() as directory:
        before, after, paper, sound = (
            Path(directory) / name for name in ("before.png", "after.png", "a.pdf", "a.wav")
        )
        before.write_bytes(png(200, 30, 30))
        after.write_bytes(png(30, 30, 200))
        paper.write_bytes(PDF)
        with wave.open(str(sound), "wb") as recording:
            recording.setnchannels(1)
            recording.setsampwidth(2)
            recording.setframerate(8000)
            recording.writeframes(bytes(1600))
        for response in (compare(before, after), sum_up(paper), write_down(sound)):
            parts = response.common_messages[0].content
            print([part.type for part in parts if not isinstance(part, str)])
            print("->", response.content)


if __name__ == "__main__":
    with answering():
        main()
