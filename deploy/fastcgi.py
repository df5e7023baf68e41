"""A FastCGI request to an endpoint on a unix socket."""

import socket
import struct
import time
from dataclasses import dataclass

TIMEOUT = 5
LARGEST = 1 << 20
BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6


class NoResponse(Exception):
    """There is no whole response, or not the expected one. The text is the reason."""


@dataclass
class Response:
    """`listener` is the process that called listen(2) on the socket."""

    status: str
    headers: list[str]
    body: bytes
    listener: int


def record(kind: int, content: bytes = b"") -> bytes:
    return struct.pack(">BBHHBx", 1, kind, 1, len(content), 0) + content


def encoded(parameters: dict[str, str]) -> bytes:
    """A request without a body. Names and values have at most 127 bytes."""
    pairs = b"".join(bytes([len(name), len(value)]) + (name + value).encode() for name, value in parameters.items())
    return record(BEGIN, struct.pack(">HB5x", 1, 0)) + record(PARAMS, pairs) + record(PARAMS) + record(STDIN)


class Reader:
    """Reads from a connection until the deadline, however slowly the bytes arrive. Then it raises TimeoutError."""

    def __init__(self, connection: socket.socket, deadline: float):
        self.connection, self.deadline, self.buffer = connection, deadline, b""

    def read(self, count: int) -> bytes:
        """`count` bytes, or fewer at the end of the connection."""
        while len(self.buffer) < count:
            remaining = self.deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError
            self.connection.settimeout(remaining)
            part = self.connection.recv(65536)
            if not part:
                break
            self.buffer += part
        content, self.buffer = self.buffer[:count], self.buffer[count:]
        return content


def read_output(reader: Reader) -> bytes:
    """The content of the STDOUT records up to END_REQUEST."""
    output, total = bytearray(), 0
    while True:
        head = reader.read(8)
        if len(head) < 8:
            raise NoResponse(f"it closed the connection {'within its answer' if output else 'without an answer'}")
        _, kind, _, length, padding = struct.unpack(">BBHHBx", head)
        content = reader.read(length + padding)[:length]
        if kind == END:
            return bytes(output)
        if kind == STDOUT:
            output += content
        total += 8 + length
        if total > LARGEST:
            raise NoResponse(f"its answer has more than {LARGEST} bytes")


def connect(path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(TIMEOUT)
        connection.connect(path)
    except OSError:
        connection.close()
        raise
    return connection


def listener(connection: socket.socket) -> tuple[int, int]:
    """The process that called listen(2) on the socket of the connection, and its user at that time."""
    return struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[:2]


def request(path: str, parameters: dict[str, str]) -> Response:
    """One request. Raises NoResponse, with the reason, if there is no whole response within 5 s."""
    deadline = time.monotonic() + TIMEOUT
    try:
        with connect(path) as connection:
            pid = listener(connection)[0]
            connection.sendall(encoded(parameters))
            output = read_output(Reader(connection, deadline))
    except TimeoutError:
        raise NoResponse(f"no answer within {TIMEOUT} s") from None
    except OSError as error:
        raise NoResponse(error.strerror or str(error)) from None
    head, _, body = output.partition(b"\r\n\r\n")
    status, *headers = head.decode("latin-1").split("\r\n")
    return Response(status, headers, body, pid)
