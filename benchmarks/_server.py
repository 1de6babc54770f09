"""A server that answers fixed bytes, in a process of its own, so that it is never what is measured.

The path's first part names the provider and the model's name the shape of the reply:
`POST /openai/v1/chat/completions` with `"model": "bench-tool"` gets openai's `tool` reply, as
`POST /google/v1/models/bench-tool:generateContent` gets google's.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
MODEL = re.compile(rb"bench-(\w+)")


def json_reply(body: Mapping[str, Any]) -> bytes:
    """A whole HTTP response with a JSON body."""
    data = json.dumps(body).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
        len(data),
        data,
    )


def event_reply(events: Iterable[str | bytes], content_type: str = "text/event-stream") -> bytes:
    """A whole HTTP response with a stream of events, each in a chunk of its own."""
    encoded = [event.encode() if isinstance(event, str) else event for event in events]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(event), event) for event in encoded)
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n"
    return head.encode() + chunks + b"0\r\n\r\n"


class FixedReplies(asyncio.Protocol):
    def __init__(self, replies: Mapping[str, Mapping[str, bytes]]) -> None:
        self.replies = replies
        self.received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            head = bytes(self.received[:end])
            length = CONTENT_LENGTH.search(head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self.received) < whole:
                return
            body = bytes(self.received[end + 4 : whole])
            del self.received[:whole]
            self.transport.write(self.reply(head, body))

    def reply(self, head: bytes, body: bytes) -> bytes:
        provider = head.split(b"/", 2)[1].decode()
        # Some have the model in the path.
        model = MODEL.search(head.partition(b"\r\n")[0]) or MODEL.search(body)
        shape = model[1].decode() if model else "text"
        return self.replies[provider][shape]


async def serve() -> None:
    from _peers_replies import replies as peers_replies
    from _providers import PROVIDERS

    replies = {name: provider.replies() for name, provider in PROVIDERS.items()}
    replies["peers"] = peers_replies()
    server = await asyncio.get_running_loop().create_server(
        lambda: FixedReplies(replies), "127.0.0.1", 0, backlog=2048
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def fixed_replies() -> Iterator[str]:
    """Run the server in another process. Gives its address, without a path."""
    process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    asyncio.run(serve())
