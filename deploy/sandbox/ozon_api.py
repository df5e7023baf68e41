"""The stand-in's Seller API: methods that are as strict as Ozon's, and the record for the tests."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter

import ozon_faults
from ozon_catalogue import Catalogue, Product
from ozon_faults import BAD_CLIENT_ID, NO_KEY, Change, KeyFaults, error
from ozon_http import Answer, Connection, Request, json_answer
from ozon_tasks import Tasks, image_error, replace_pictures

MAX_IDS, MAX_ITEMS, MAX_IMAGES, MAX_IMAGES_360 = 1000, 100, 50, 70
ID_KINDS = ("offer_id", "product_id", "sku")


class Rejected(Exception):
    """Ends a call with an error."""

    def __init__(self, answer: Answer):
        self.answer = answer


def require(condition: bool, why: str) -> None:
    if not condition:
        raise Rejected(error(400, 3, f"Request validation error: {why}"))


def is_strings(value) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) and v for v in value)


def is_positive(text: str) -> bool:
    return re.fullmatch("[0-9]{1,18}", text) is not None and int(text) > 0


# The client_id in the documentation's examples. Ozon accepts numbers only.
PLACEHOLDER = "your-client-id"


def check_fields(value: dict, *names: str) -> None:
    unknown = sorted(set(value) - set(names))
    require(not unknown, f"unknown field {unknown[0]}" if unknown else "")


def check_ids(kind: str, values) -> None:
    require(is_strings(values), f"{kind} must be an array of strings")
    require(1 <= len(values) <= MAX_IDS, f"{kind} must contain between 1 and {MAX_IDS} items")
    require(kind == "offer_id" or all(map(is_positive, values)), f"{kind} must hold positive integers")


def check_pictures(value: dict, **limits: int) -> None:
    """`limits`: the maximum length of each list. Also checks the fields that are a single URL."""
    for name, limit in limits.items():
        urls = value.get(name, [])
        require(is_strings(urls), f"{name} must be an array of strings")
        require(len(urls) <= limit, f"{name} must contain no more than {limit} items")
    for name in ("color_image", "primary_image"):
        require(isinstance(value.get(name, ""), str), f"{name} must be a string")


class Record:
    """The calls, and how many were in flight at once."""

    def __init__(self):
        self.start = time.monotonic()
        self.reset()

    def reset(self) -> None:
        self.calls, self.images = [], []
        self.flying, self.peak = Counter(), Counter()  # by Client-Id; None: all of them

    def begin(self, request: Request) -> dict:
        call = {
            "path": request.path,
            "client_id": request.headers.get("client-id"),
            "body": request.body.decode("utf-8", "replace"),
            "status": None,
            "at": self.at(),
        }
        self.calls.append(call)
        for who in (None, call["client_id"]):
            self.flying[who] += 1
            self.peak[who] = max(self.peak[who], self.flying[who])
        return call

    def end(self, call: dict) -> None:
        self.flying.subtract([None, call["client_id"]])

    def at(self) -> int:
        """Milliseconds since the start."""
        return int((time.monotonic() - self.start) * 1000)


class SellerAPI:
    """`v1`: whether the retired v1 import works. `delay`: seconds before every answer."""

    def __init__(self, catalogue: Catalogue, record: Record, delay: float, pending_polls: int, v1: bool):
        self.catalogue, self.record, self.delay, self.v1 = catalogue, record, delay, v1
        self.tasks = Tasks(catalogue, pending_polls)
        self.faults = KeyFaults()
        self.on_reset = []  # also called by POST /_reset
        self.methods = {
            "/v3/product/info/list": self.info_list,
            "/v2/product/pictures/import": self.pictures_import,
            "/v1/product/import/info": self.import_info,
            "/v2/product/pictures/info": self.pictures_info,
            "/v1/product/pictures/import": self.pictures_import_v1,
            "/v1/roles": self.roles,
        }

    async def handle(self, request: Request, connection: Connection) -> None:
        if request.path.startswith("/_"):
            await connection.send(self.control(request))
            return
        call = self.record.begin(request)
        try:
            await asyncio.sleep(self.delay)
            outcome = await self.outcome(request)
            if isinstance(outcome, Answer):
                call["status"] = outcome.status
                outcome.headers["Ratelimit-Remaining"] = 49
                await connection.send(outcome)
            else:
                await outcome(connection)
        finally:
            self.record.end(call)

    async def outcome(self, request: Request):
        """An Answer, or a function that produces a fault on the connection."""
        try:
            method = self.check(request)
            fault = await self.faults.of(request)
            if isinstance(fault, Change):
                return fault.of(method(self.decode(request)))
            return fault or method(self.decode(request))
        except Rejected as rejected:
            return rejected.answer

    def check(self, request: Request):
        """Performs a gateway's checks, which precede those of the body. Returns the method."""
        method = self.methods.get(request.path)
        if method is None:
            raise Rejected(Answer(404, b"404 page not found\n", "text/plain"))
        if request.method != "POST":
            raise Rejected(error(405, 12, "Method Not Allowed", Allow="POST"))
        client_id = request.headers.get("client-id", "")
        if not client_id or not request.headers.get("api-key"):
            raise Rejected(NO_KEY)
        if not is_positive(client_id) and client_id != PLACEHOLDER:
            raise Rejected(BAD_CLIENT_ID)
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        require(media_type == "application/json", "Content-Type must be application/json")
        return method

    def decode(self, request: Request) -> dict:
        try:
            body = json.loads(request.body.decode("utf-8"))
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise Rejected(error(400, 3, "proto: syntax error (line 1:1): unexpected token"))
        return body

    # ---- the methods, with the decoded body

    def info_list(self, body: dict):
        check_fields(body, *ID_KINDS)
        kinds = [kind for kind in ID_KINDS if body.get(kind)]
        require(len(kinds) == 1, "exactly one of offer_id, product_id, sku must be set")
        ids = body[kinds[0]]
        check_ids(kinds[0], ids)
        found = {p.product_id: p for p in (self.catalogue.find(kinds[0], i) for i in reversed(ids)) if p}
        items = [self.info(product) for product in found.values()]
        return ozon_faults.of_articles(ids) or json_answer(200, {"items": items})

    def info(self, product: Product) -> dict:
        """The product in the form of /v3/product/info/list."""
        primary, color = product.images[:1], [product.color_image] if product.color_image else []
        as_text = product.offer_id.startswith("STRINGS")
        return {
            "id": product.product_id,
            "name": f"Product {product.offer_id}",
            "offer_id": product.offer_id,
            "sku": product.sku,
            # Ozon writes ids both as numbers and as strings.
            "sources": [{"sku": s if i % 2 else str(s)} for i, s in enumerate([product.sku, *product.more_skus]) if s],
            "primary_image": "".join(primary) if as_text else primary,
            "images": product.images[1:] if product.offer_id == "NO-PRIMARY-REPEAT" else product.images,
            "color_image": "".join(color) if as_text else color,
            "is_archived": product.is_archived,
            "statuses": {
                "is_created": product.is_created,
                "moderate_status": "",
                "validation_status": "",
                "status": "",
                "status_failed": "",
            },
            "errors": [],
        }

    def pictures_import(self, body: dict):
        check_fields(body, "items")
        items = body.get("items")
        require(
            isinstance(items, list) and all(isinstance(i, dict) for i in items), "items must be an array of objects"
        )
        require(1 <= len(items) <= MAX_ITEMS, f"items must contain between 1 and {MAX_ITEMS} items")
        for item in items:
            check_fields(item, "offer_id", "images", "color_image", "primary_image")
            require(isinstance(item.get("offer_id"), str) and item["offer_id"] != "", "offer_id must be a string")
            check_pictures(item, images=MAX_IMAGES)
            every = {*item.get("images", []), item.get("primary_image", "")} - {""}
            require(len(every) <= MAX_IMAGES, f"an item must have no more than {MAX_IMAGES} images")
        fault = ozon_faults.of_articles(item["offer_id"] for item in items)
        return fault or json_answer(200, {"task_id": self.tasks.add(items)})

    def import_info(self, body: dict):
        check_fields(body, "task_id")
        number = body.get("task_id")
        require(type(number) is int and number > 0, "task_id must be a positive integer")
        return json_answer(200, {"result": self.tasks.poll(number)})

    def pictures_info(self, body: dict):
        check_fields(body, "product_id")
        check_ids("product_id", body.get("product_id"))
        found = {
            p.product_id: p for p in (self.catalogue.find("product_id", i) for i in reversed(body["product_id"])) if p
        }
        items = [
            {
                "product_id": product.product_id,
                "primary_photo": product.images[:1],
                "photo": product.images[1:],
                "color_photo": [product.color_image] if product.color_image else [],
                "errors": product.image_errors,
            }
            for product in found.values()
        ]
        return json_answer(200, {"items": items})

    def pictures_import_v1(self, body: dict):
        if not self.v1:
            return ozon_faults.ANSWERS["retired"]
        check_fields(body, "product_id", "images", "images360", "color_image")
        number = body.get("product_id")
        require(type(number) is int and number > 0, "product_id must be a positive integer")
        check_pictures(body, images=MAX_IMAGES, images360=MAX_IMAGES_360)
        product = self.catalogue.find("product_id", str(number))
        if product is None:
            raise Rejected(ozon_faults.ANSWERS["not-found"])
        images, images360, color = body.get("images", []), body.get("images360", []), body.get("color_image", "")
        replace_pictures(self.catalogue, product, images, color)
        if "images360" in body:
            product.images360 = [url for url in images360 if not image_error(url)]
        pictures = [self.picture(number, url, is_primary=i == 0) for i, url in enumerate(images)]
        pictures += [self.picture(number, url, is_360=True) for url in images360]
        pictures += [self.picture(number, color, is_color=True)] if color else []
        return json_answer(200, {"result": {"pictures": pictures}})

    def picture(self, product_id: int, url: str, is_360=False, is_color=False, is_primary=False) -> dict:
        """A picture in the form of the v1 import."""
        state = "failed" if image_error(url) else "imported"
        kind = {"is_360": is_360, "is_color": is_color, "is_primary": is_primary}
        return {**kind, "product_id": product_id, "state": state, "url": url}

    def roles(self, body: dict):
        check_fields(body)
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 90 * 86400))
        return json_answer(200, {"expires_at": expires, "roles": [{"name": "Admin", "methods": sorted(self.methods)}]})

    # ---- for tests

    def control(self, request: Request) -> Answer:
        client_id = request.query.get("client_id")
        command = (request.method, request.path)
        if command == ("GET", "/_record"):
            return json_answer(200, [c for c in self.record.calls if client_id in (None, c["client_id"])])
        if command == ("GET", "/_images"):
            return json_answer(200, [hit for hit in self.record.images if request.query.get("path", "") in hit["path"]])
        if command == ("GET", "/_peak"):
            return json_answer(200, {"peak": self.record.peak[client_id]})
        if command == ("POST", "/_product"):
            return json_answer(200, {"product_id": self.catalogue.add(**json.loads(request.body))})
        if command == ("POST", "/_release"):
            self.faults.release(client_id)
            return json_answer(200, {})
        if command == ("POST", "/_reset"):
            self.faults = KeyFaults()
            for reset in (self.record.reset, self.catalogue.reset, self.tasks.reset, *self.on_reset):
                reset()
            return json_answer(200, {})
        return Answer(404, b"404 page not found\n", "text/plain")
