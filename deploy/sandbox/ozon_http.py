"""HTTP/1.1 over asyncio streams, as far as the stand-in needs it, with deliberate violations of the protocol."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

MAX_BODY = 64 << 20


@dataclass
class Request:
    """One request. The names in `headers` are in lower case."""

    method: str
    path: str
    query: dict
    headers: dict
    body: bytes


@dataclass
class Answer:
    """A complete, valid answer."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict = field(default_factory=dict)


def json_answer(status: int, value, headers: dict | None = None) -> Answer:
    return Answer(status, json.dumps(value).encode(), headers=headers or {})


class Connection:
    """One client's connection. `open` is false if no further request can follow on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.reader, self.writer = reader, writer
        self.open = True

    async def request(self) -> Request | None:
        """The next request; None if the client has disconnected or does not speak HTTP."""
        try:
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head[:-4].split("\r\n")
            method, target, version = first.split(" ")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            length = int(headers.get("content-length", 0))
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            return None
        if "transfer-encoding" in headers or not 0 <= length <= MAX_BODY:
            return None
        if headers.get("expect") == "100-continue":
            self.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            body = await self.reader.readexactly(length)
        except asyncio.IncompleteReadError:
            return None
        self.open = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        return Request(method, url.path, query, headers, body)

    def head(self, status: int, headers: dict) -> None:
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if not self.open:
            lines.append("Connection: close")
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    async def send(self, answer: Answer, without_body: bool = False) -> None:
        self.head(
            answer.status,
            {"Content-Type": answer.content_type, "Content-Length": len(answer.body), **answer.headers},
        )
        if not without_body:
            self.writer.write(answer.body)
        await self.writer.drain()

    async def chunk(self, data: bytes) -> None:
        """Sends one chunk of a chunked body. An empty chunk ends the body."""
        self.writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        await self.writer.drain()

    async def reset(self) -> None:
        """Closes the connection with RST."""
        await self.writer.drain()
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        self.open = False

    async def hang(self) -> None:
        """Sends nothing until the client disconnects."""
        while await self.reader.read(65536):
            pass
        self.open = False


async def listen(handler, hosts: list, port: int):
    """Serves `async handler(request, connection)` on the port of each host."""

    async def serve(reader, writer):
        connection = Connection(reader, writer)
        try:
            while connection.open:
                request = await connection.request()
                if request is None:
                    break
                await handler(request, connection)
        except ConnectionError:
            pass
        finally:
            writer.close()

    return await asyncio.start_server(serve, hosts, port, backlog=1024)
