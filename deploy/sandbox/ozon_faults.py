"""Faults of the Seller API, controlled by the Api-Key of a call or by an article in it (see `ozon`)."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter

from ozon_http import Answer, Connection, Request, json_answer


def error(status: int, code: int, message: str, **headers) -> Answer:
    """An error in Ozon's form. Keyword arguments such as `Retry_After=1` become headers."""
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
    """The fault of the first id that has one: an Answer, or a function that produces it on the connection."""
    return next((ARTICLES[i] for i in ids if i in ARTICLES), None)


def quota(name: str) -> Answer | None:
    """`quota-STATUS` and `quota-STATUS-number`: an exceeded quota of items, in each of Ozon's forms."""
    match = re.fullmatch(r"quota-(400|403|422|429)(-number)?", name)
    if match is None:
        return None
    code = 8 if match[2] else "RESOURCE_EXHAUSTED"
    headers = {"Item-Retry-After": 25} if match[1] == "429" else {}
    return json_answer(int(match[1]), {"code": code, "message": "item_limit_exceeded", "details": []}, headers)


def as_list(value) -> list:
    return value if isinstance(value, list) else [value]


class Change:
    """A modification of the regular answer: of one field wherever it occurs (`lacks-FIELD`), of the expiry of the key
    (`expires-Nd`), of a task's state (`state-WORD`), or of a task's items (`other-item`, `more-items`)."""

    FIELD = {
        "retyped": lambda value: {"value": value},
        "null": lambda value: None,
        "emptied": lambda value: type(value)(),
        "mixed": lambda value: [*as_list(value), 5],
        "objects": lambda value: [{"url": each} for each in as_list(value)],
        "text": lambda value: "".join(as_list(value)[:1]),
    }

    def __init__(self, name: str):
        self.kind, _, self.field = name.partition("-")

    @staticmethod
    def is_one(name: str) -> bool:
        kinds = "|".join(["lacks", "renamed", *Change.FIELD])
        others = "expires-[0-9]+d|state-[A-Za-z]+|other-item|more-items"
        return re.fullmatch(rf"({kinds})-[a-z_]+|{others}", name) is not None

    def of(self, answer: Answer) -> Answer:
        body = json.loads(answer.body)
        if isinstance(body.get("result"), dict):
            self._change_task(body["result"])
        return json_answer(answer.status, self._changed(body))

    def _change_task(self, result: dict) -> None:
        other = [{**item, "offer_id": "OTHER", "product_id": 1, "status": "failed"} for item in result["items"]]
        if self.kind == "state":
            result["items"] = [{**item, "status": self.field} for item in result["items"]]
        if self.kind == "more":
            result["items"] = other + result["items"]
        if self.kind == "other":
            result["items"] = [{**item, "status": "imported", "errors": []} for item in other]

    def _changed(self, value):
        if isinstance(value, list):
            return [self._changed(each) for each in value]
        if not isinstance(value, dict):
            return value
        value = {name: self._changed(each) for name, each in value.items()}
        if self.kind == "expires" and "expires_at" in value:
            end = time.time() + int(self.field[:-1]) * 86400 + 60
            value["expires_at"] = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(end))
        if self.field in value and self.kind in ("lacks", "renamed"):
            gone = value.pop(self.field)
            if self.kind == "renamed":
                value[self.field + "_v2"] = gone
        if self.field in value and self.kind in self.FIELD:
            value[self.field] = self.FIELD[self.kind](value[self.field])
        return value


class KeyFaults:
    """The faults by Api-Key, with the counters for `-once` and `@N`."""

    def __init__(self):
        self.calls = Counter()  # by Client-Id
        self.shown = set()  # pairs (Client-Id, key) that have had their fault
        self._released = {}  # an Event for each Client-Id with a call that is held, or was released

    async def of(self, request: Request) -> object | None:
        """The fault of this call: an Answer, a function that produces it on the connection, or a Change of the regular
        answer. None if there is none. Waits if the answer is to be slow."""
        client_id, key = request.headers["client-id"], request.headers["api-key"]
        self.calls[client_id] += 1
        name = self._due(client_id, key)
        slow = re.fullmatch(r"slow-([0-9]{1,6})(s|ms|)", name)
        if slow:
            await asyncio.sleep(int(slow[1]) / (1 if slow[2] == "s" else 1000))
        if name == "held":
            await self._release_of(client_id).wait()
        if name.startswith("echo-secret"):
            return error(500, 13, f"Internal error: Client-Id {client_id}, Api-Key {key}")
        fault = ANSWERS.get(name) or WIRE.get(name) or quota(name)
        return fault or (Change(name) if Change.is_one(name) else None)

    def release(self, client_id: str) -> None:
        """Answers the calls of this Client-Id that are held, and holds no more of them."""
        self._release_of(client_id).set()

    def _release_of(self, client_id: str) -> asyncio.Event:
        return self._released.setdefault(client_id, asyncio.Event())

    def _due(self, client_id: str, key: str) -> str:
        """The name of the fault that this call has; empty if it has none."""
        name, _, nth = key.partition("@")
        count = self.calls[client_id]
        if nth and not (count >= int(nth[:-1]) if nth.endswith("+") else count == int(nth)):
            return ""
        if name.endswith("-once") or name == "rate-limited-2ps":
            if (client_id, key) in self.shown:
                return ""
            self.shown.add((client_id, key))
        return name[: -len("-once")] if name.endswith("-once") else name
