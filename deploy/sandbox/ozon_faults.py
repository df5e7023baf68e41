"""What goes wrong on purpose at the Seller API, by the Api-Key of a call or by an article in it: tabled in `ozon`."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter

from ozon_http import Answer, Connection, Request, json_answer


def error(status: int, code: int, message: str, **headers) -> Answer:
    """An error in Ozon's form; `Retry_After=1` becomes a header."""
    body = {"code": code, "message": message, "details": []}
    return json_answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


HTML = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
NO_KEY = error(401, 16, "Client-Id and Api-Key headers are required")
BAD_CLIENT_ID = error(400, 3, "Client-Id header value should be positive integer")
FORBIDDEN = error(403, 7, "Api-Key is missing a required role")
INTERNAL = error(500, 13, "Internal error")

ANSWERS = {
    "invalid-key": error(404, 5, "Invalid Api-Key, please check the key"),
    "no-key-16": NO_KEY,
    "deactivated": error(403, 7, "Api-key is deactivated"),
    "no-role": FORBIDDEN,
    "ip-restricted": error(403, 7, "restricted to specific IP addresses"),
    "not-signed": error(403, 7, "Offer not signed"),
    "bad-client-id": BAD_CLIENT_ID,
    "bad-request": error(400, 3, "proto: syntax error"),
    "retired": error(400, 9, "obsolete method cannot be used"),
    "retired-410": error(410, 9, "obsolete method cannot be used"),
    "not-found": error(404, 5, "Item not found"),
    "conflict": error(409, 6, "conflict"),
    "rate-limited": error(429, 8, "You have reached request rate limit per second", Retry_After=1),
    "rate-limited-2ps": error(429, 8, "rate limit exceeded for this method, max rate per sec.: 2", Retry_After=1),
    "rate-limited-long": error(429, 8, "You have reached request rate limit per second", Retry_After=3600),
    "item-limit": error(429, 8, "item_limit_exceeded", Item_Retry_After=5, Item_Rate_Limit_Remaining=0),
    "internal": INTERNAL,
    "circle-open": error(503, 13, "Circle is open"),
    "html-200": Answer(200, HTML, "text/html"),
    "html-502": Answer(502, HTML, "text/html"),
    "bad-json": Answer(200, b'{"items": [{"id": 123, "offer_id": '),
    "empty-200": Answer(200),
    "wrong-shape": json_answer(200, {"items": 5}),
}


async def reset(connection: Connection) -> None:
    await connection.reset()


async def stall(connection: Connection) -> None:
    await connection.hang()


async def truncated(connection: Connection) -> None:
    body = b'{"items": ['
    connection.open = False
    connection.head(200, {"Content-Type": "application/json", "Content-Length": len(body) + 1000})
    connection.writer.write(body)


async def huge(connection: Connection) -> None:
    connection.head(200, {"Content-Type": "application/json", "Transfer-Encoding": "chunked"})
    await connection.chunk(b'{"items": [')
    while True:
        await connection.chunk(b'{"id": 1},' * 6000)
        await asyncio.sleep(0)


WIRE = {"reset": reset, "stall": stall, "truncated": truncated, "huge": huge}
ARTICLES = {
    "FAULT-RESET": reset,
    "FAULT-STALL": stall,
    "FAULT-TRUNCATED": truncated,
    "FAULT-HTML": ANSWERS["html-200"],
    "FAULT-500": INTERNAL,
    "FAULT-FORBIDDEN": FORBIDDEN,
}


def of_articles(ids) -> object | None:
    """The fault (an Answer, or one on the wire) of the first special article among the ids."""
    return next((ARTICLES[i] for i in ids if i in ARTICLES), None)


def key_of(request: Request) -> str:
    """The Api-Key; of `at-<path>-<key>` the last, on that path, and an empty one on others."""
    key = request.headers["api-key"]
    only = re.fullmatch(r"at-(/[a-z0-9/]+)-(.+)", key)
    return key if not only else only[2] if only[1] == request.path else ""


def changed(answer: Answer, key: str) -> Answer:
    """The answer as if Ozon had changed its methods: `without-<field>`, `number-<field>`, `sunset`."""
    what, _, name = key.partition("-")
    if key == "sunset":
        answer.headers["Sunset"] = "Tue, 01 Dec 2026 00:00:00 GMT"
    if what not in ("without", "number") or answer.status != 200:
        return answer

    def walk(value):
        if isinstance(value, list):
            return [walk(element) for element in value]
        if not isinstance(value, dict):
            return value
        kept = {n: walk(v) for n, v in value.items() if n != name or what == "number"}
        return {**kept, name: 7} if name in value and what == "number" else kept

    return json_answer(200, walk(json.loads(answer.body)), answer.headers)


class KeyFaults:
    """The faults by Api-Key, with the counts that `-once` and `@N` need."""

    def __init__(self):
        self.calls = Counter()  # by Client-Id
        self.shown = set()  # (Client-Id, key) whose fault has been shown

    async def of(self, request: Request) -> object | None:
        """The fault of this call, None when it shall be answered properly; a slow one is waited for here."""
        client_id, key = request.headers["client-id"], key_of(request)
        self.calls[client_id] += 1
        name = self._due(client_id, key)
        slow = re.fullmatch(r"slow-([0-9]{1,6})(s|ms|)", name)
        if slow:
            await asyncio.sleep(int(slow[1]) / (1 if slow[2] == "s" else 1000))
        if name.startswith("echo-secret"):
            return error(500, 13, f"Internal error: Client-Id {client_id}, Api-Key {key}")
        return ANSWERS.get(name) or WIRE.get(name)

    def _due(self, client_id: str, key: str) -> str:
        """The name of the fault that this call shows; an empty one otherwise."""
        name, _, nth = key.partition("@")
        count = self.calls[client_id]
        if nth and not (count >= int(nth[:-1]) if nth.endswith("+") else count == int(nth)):
            return ""
        if name.endswith("-once") or name == "rate-limited-2ps":
            if (client_id, key) in self.shown:
                return ""
            self.shown.add((client_id, key))
        return name[: -len("-once")] if name.endswith("-once") else name
