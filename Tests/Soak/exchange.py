"""One HTTP exchange on a connection of its own. An answer that is not complete is an error."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

LIMIT = 90
"""Seconds that an exchange may take. It is longer than any answer should take, faults of the upstreams included."""


class Broken(Exception):
    """There is no complete answer."""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


def message(port: int, method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    fixed = {"Host": f"127.0.0.1:{port}", "Connection": "close", "Content-Length": len(body)}
    lines = [f"{method} {path} HTTP/1.1"] + [f"{name}: {value}" for name, value in {**fixed, **headers}.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def unchunked(body: bytes) -> bytes:
    content = b""
    while True:
        size, end, rest = body.partition(b"\r\n")
        if not end:
            raise Broken("the answer ends between two chunks")
        length = int(size.split(b";")[0], 16)
        if len(rest) < length + 2:
            raise Broken("the answer ends within a chunk")
        if length == 0:
            return content
        content, body = content + rest[:length], rest[length + 2 :]


def parse(data: bytes, method: str) -> Answer:
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        raise Broken(f"no answer, but {data[:100]!r}")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        body = unchunked(body)
    elif method != "HEAD" and int(headers.get("content-length", len(body))) != len(body):
        raise Broken(f"{len(body)} bytes of {headers['content-length']}")
    return Answer(int(first.split(" ")[1]), headers, body)


async def receive(reader: asyncio.StreamReader, method: str) -> Answer:
    return parse(await reader.read(-1), method)


async def exchange(port: int, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Answer:
    try:
        async with asyncio.timeout(LIMIT):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(message(port, method, path, headers, body))
                return await receive(reader, method)
            finally:
                writer.close()
    except TimeoutError:
        raise Broken(f"no answer within {LIMIT} s") from None
    except OSError as error:
        raise Broken(error.strerror or str(error)) from None
