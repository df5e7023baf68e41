"""The requests of a soak run, and what their answers must be. Each has a mark: a text of its own that its answer
contains, and no other request's answer."""

from __future__ import annotations

import itertools
import json
import random
from dataclasses import dataclass, field

from exchange import Answer, exchange

STORED = 499
"""So many different keys of objects, which are overwritten in turn, so that the disk does not fill up. It exceeds the
number of callers, so two requests at the same time have different ones."""
PRODUCTS = 99_999
NAMES = ("one", "two")

# The stand-in's Api-Keys and what a request with them is answered with. An answer without end is not among them: the
# 16 MiB that are read of it would hide everything else in the memory of the process.
OZON_FAULTS = {
    "invalid-key": (403, "OZON_UNAUTHORIZED"), "no-key-16": (403, "OZON_UNAUTHORIZED"),
    "deactivated": (403, "OZON_UNAUTHORIZED"), "not-found": (404, "PRODUCT_NOT_FOUND"),
    "conflict": (409, "PRODUCT_CONFLICT"), "rate-limited-long": (429, "RATE_LIMITED"),
    "item-limit": (429, "RATE_LIMITED"), "html-200": (502, "OZON_BAD_ANSWER"), "bad-json": (502, "OZON_BAD_ANSWER"),
    "empty-200": (502, "OZON_BAD_ANSWER"), "wrong-shape": (502, "OZON_BAD_ANSWER"),
    "retired": (502, "OZON_METHOD_RETIRED"), "internal": (502, "OZON_UNAVAILABLE"),
    "circle-open": (502, "OZON_UNAVAILABLE"), "html-502": (502, "OZON_UNAVAILABLE"),
    "truncated": (502, "OZON_UNAVAILABLE"), "reset": (502, "OZON_UNAVAILABLE"),
    "stall": (504, "OZON_TIMEOUT"),
}  # fmt: skip
# The CDN's faults and how many of the three images fail.
CDN_FAULTS = {
    "RESET": 1, "SHORT": 1, "404": 1, "500": 1, "500-ONCE": 0, "HTML": 1, "CHUNKED": 0, "STALL": 1, "ENDLESS": 1,
    "REDIRECT": 0, "REDIRECT-EVIL": 1, "NOCORS": 0,
}  # fmt: skip
# R2's faults as s3-proxy produces them, and what a request is answered with that has no other object.
R2_FAULTS = {
    "r2-403": (502, "STORAGE_REFUSED"), "r2-404": (502, "STORAGE_REFUSED"), "r2-429": (502, "STORAGE_UNAVAILABLE"),
    "r2-500": (502, "STORAGE_UNAVAILABLE"), "r2-503": (502, "STORAGE_UNAVAILABLE"),
    "r2-reset": (502, "STORAGE_UNAVAILABLE"), "r2-broken": (502, "STORAGE_UNAVAILABLE"),
}  # fmt: skip


class Wrong(Exception):
    """The answer is not the one that this request must get."""


def require(condition: bool, what: str, answer: Answer) -> None:
    if not condition:
        raise Wrong(f"{what}: {answer.status} {answer.body[:300]!r}")


@dataclass
class Request:
    path: str
    members: dict
    headers: dict = field(default_factory=dict)
    method: str = "POST"

    @property
    def body(self) -> bytes:
        return json.dumps(self.members).encode()


class Scenarios:
    """`settings` are the variables in the sandbox's env file."""

    def __init__(self, settings: dict[str, str]):
        self.port = int(settings["URL"].rpartition(":")[2])
        self.cdn = int(settings["CDN_URL"].rpartition(":")[2])
        self.base = {"Content-Type": "application/json", "X-API-Key": settings["API_KEY"]}
        self.numbers = itertools.count(1)
        self.pictures: dict[str, bytes] = {}

    # ---- one request

    async def post(self, request: Request) -> Answer:
        headers = {**self.base, **request.headers}
        return await exchange(self.port, request.method, request.path, headers, request.body)

    async def data(self, request: Request) -> dict:
        """`data` of a response that succeeds."""
        answer = await self.post(request)
        require(answer.status == 200 and answer.json["success"] is True, "not a success", answer)
        return answer.json["data"]

    async def expect_error(self, request: Request, status: int, code: str) -> None:
        answer = await self.post(request)
        require(answer.status == status and answer.json["code"] == code, f"not {status} {code}", answer)
        require(answer.json["request_id"] == answer.headers["x-request-id"], "another request's id", answer)

    async def fetch(self, url: str, method: str = "GET", body: bytes = b"") -> Answer:
        origin, _, path = url.removeprefix("http://").partition("/")
        return await exchange(int(origin.rpartition(":")[2]), method, f"/{path}", {}, body)

    def ozon(self, route: str, members: dict, key: str = "good", number: int = 1, lines: bool = False) -> Request:
        # Each request is another seller's, because calls of one seller are throttled together.
        credential = {"client_id": str(10_000_000 + number), "api_key": key}
        headers = {"Accept": "application/x-ndjson"} if lines else {}
        return Request(f"/api/v1/ozon/{route}", {"credential": credential, **members}, headers)

    def urls_request(self, number: int, key: str = "good", lines: bool = False) -> Request:
        members = {"articles": [f"m{number}~", "2194435300"], "user_id": "soak", "download_images": False}
        return self.ozon("download", members, key, number, lines)

    def push_request(self, number: int, key: str = "good", names: tuple = NAMES) -> Request:
        urls = [f"https://img.example/m{number}~/{name}.jpg" for name in names]
        return self.ozon("push-images", {"product_id": 1_000_000 + number % PRODUCTS + 1, "images": urls}, key, number)

    def upload_request(self, step: str, path: str, **members) -> Request:
        return Request(f"/api/v1/r2/multipart/{step}", {"r2_path": path, **members})

    # ---- signing

    async def presigned_url(self, number: int) -> None:
        """An upload to the URL, and the object at its public URL."""
        content = f"m{number}~".encode()
        name = f"s{number % STORED}~.jpg"
        answer = await self.post(Request("/api/v1/r2/presigned-url", {"r2_path": f"users/soak/{name}"}))
        require(answer.status == 200 and f"/{name}" in answer.json["upload_url"], "not its URL", answer)
        put = await self.fetch(answer.json["upload_url"], "PUT", content)
        require(put.status == 200, "PUT failed", put)
        got = await self.fetch(answer.json["public_url"])
        require(got.status == 200 and got.body == content, "not the object", got)

    async def presigned_urls(self, number: int) -> None:
        paths = [f"users/soak/m{number}~/{i}.jpg" for i in range(random.choice((1, 3, 200)))]
        data = await self.data(Request("/api/v1/r2/presigned-urls", {"items": [{"r2_path": path} for path in paths]}))
        if [item["r2_path"] for item in data["items"]] != paths:
            raise Wrong(f"not its paths: {str(data)[:300]}")

    # ---- ozon-download

    async def urls(self, number: int) -> None:
        lines = number % 3 == 0
        answer = await self.post(self.urls_request(number, random.choice(("good", "good", "slow-200ms")), lines))
        require(answer.status == 200, "not a success", answer)
        if lines:
            first, *items, last = [json.loads(line) for line in answer.body.split(b"\n") if line.strip()]
            require(first["type"] == "start" and last["type"] == "done", "not all lines", answer)
            items.sort(key=lambda item: item["index"])
        else:
            items = answer.json["data"]["items"]
        require([item["article"] for item in items] == [f"m{number}~", "2194435300"], "not its articles", answer)
        require([len(item.get("urls", [])) for item in items] == [0, 5], "not the images", answer)

    async def urls_faults(self, number: int) -> None:
        key, (status, code) = random.choice(list(OZON_FAULTS.items()))
        await self.expect_error(self.urls_request(number, key, lines=number % 2 == 0), status, code)

    async def copy(self, number: int) -> None:
        """A copy whose images are compared with the CDN's. In half of them, R2 fails once for each image."""
        user = f"s{number % STORED}~" + random.choice(("", f"-m{number}-r2-503-once"))
        await self.copied(number, user, "2194435300", 5, 0)

    async def copy_cdn_faults(self, number: int) -> None:
        kind, failed = random.choice(list(CDN_FAULTS.items()))
        await self.copied(number, f"s{number % STORED}~", f"FAULT-IMG-{kind}", 3, failed)

    async def copy_r2_faults(self, number: int) -> None:
        await self.copied(number, f"s{number % STORED}~-{random.choice((*R2_FAULTS, 'r2-stall'))}", "2194435301", 3, 3)

    async def copied(self, number: int, user: str, article: str, images: int, failed: int) -> None:
        members = {"articles": [article], "user_id": user}
        data = await self.data(self.ozon("download", members, number=number))
        item = data["items"][0]
        counts = [item["total_images"], item["success_images"], item["failed_images"]]
        if counts != [images, images - failed, failed] or len(item.get("errors", [])) != failed:
            raise Wrong(f"not {failed} of {images} failed: {str(data)[:500]}")
        if not all(f"/users/{user}/ozon/{article}/" in url for url in item["urls"]):
            raise Wrong(f"not its URLs: {str(data)[:500]}")
        if item["urls"]:
            await self.compare(random.choice(item["urls"]))

    async def compare(self, url: str) -> None:
        """Compares the stored image with the one of the CDN."""
        name = url.rpartition("/")[2]
        if name.startswith("fault-redirect"):
            name = "redirected.jpg"
        if name not in self.pictures:
            self.pictures[name] = (await exchange(self.cdn, "GET", f"/s3/multimedia-1-i/{name}", {})).body
        stored = await self.fetch(url)
        if stored.status != 200 or stored.body != self.pictures[name]:
            raise Wrong(f"{url} is not the image: {stored.status}, {len(stored.body)} bytes")

    # ---- pushes

    async def push(self, number: int) -> None:
        data = await self.data(self.push_request(number))
        product, urls = 1_000_000 + number % PRODUCTS + 1, [f"https://img.example/m{number}~/{n}.jpg" for n in NAMES]
        if [data["status"], data["product_id"], data["current_images"]] != ["confirmed", product, urls]:
            raise Wrong(f"not confirmed: {str(data)[:500]}")

    async def push_partial(self, number: int) -> None:
        answer = await self.post(self.push_request(number, names=("one", "bad-http")))
        errors = answer.json.get("errors", [])
        require(answer.status == 200 and answer.json["data"]["status"] == "partial", "not partial", answer)
        require([e["url"] for e in errors] == [f"https://img.example/m{number}~/bad-http.jpg"], "other errors", answer)

    async def push_faults(self, number: int) -> None:
        key = random.choice(("invalid-key", "deactivated", "not-found", "rate-limited-long", "html-200", "retired",
                             "internal", "reset", "truncated", "html-502", "stall"))  # fmt: skip
        await self.expect_error(self.push_request(number, key), *OZON_FAULTS[key])

    async def push_status(self, number: int) -> None:
        """Ozon fails once, and is then asked again."""
        product = 1_000_000 + number % PRODUCTS + 1
        members = {"product_id": product, "task_id": 1}
        data = await self.data(self.ozon("push-status", members, "internal@1", number))
        if data["status"] != "pending" or data["product_id"] != product:
            raise Wrong(f"not pending: {str(data)[:300]}")

    # ---- uploads in parts

    async def upload(self, number: int) -> None:
        """create, PUT, resume, complete, and the object at its public URL."""
        path, content = f"users/soak/s{number % STORED}~.bin", f"m{number}~ in parts".encode()
        size = len(content)
        created = await self.data(self.upload_request("create", path, size=size))
        put = await self.fetch(created["parts"][0]["upload_url"], "PUT", content)
        require(put.status == 200, "PUT failed", put)
        ids = {"upload_id": created["upload_id"], "size": size}
        resumed = await self.data(self.upload_request("resume", path, **ids))
        if resumed["restarted"] or [part["part_number"] for part in resumed["uploaded"]] != [1]:
            raise Wrong(f"not the uploaded part: {str(resumed)[:300]}")
        signed = {"part_size": created["part_size"], "part_numbers": [1]}
        parts = await self.data(self.upload_request("parts", path, **ids, **signed))
        if f"/s{number % STORED}~.bin" not in parts["parts"][0]["upload_url"]:
            raise Wrong(f"not its part: {str(parts)[:300]}")
        completed = await self.data(self.upload_request("complete", path, **ids))
        got = await self.fetch(completed["public_url"])
        require(got.status == 200 and got.body == content, "not the object", got)

    async def upload_aborted(self, number: int) -> None:
        """A resume of an upload that is unknown starts one, which is aborted. To complete it is then an error. R2 fails
        once in both calls.
        """
        path = f"users/soak/m{number}~r2-503-once.bin"
        data = await self.data(self.upload_request("resume", path, upload_id="unknown", size=1))
        if not data["restarted"] or f"/m{number}~r2" not in data["missing"][0]["upload_url"]:
            raise Wrong(f"not restarted: {str(data)[:300]}")
        await self.data(self.upload_request("abort", path, upload_id=data["upload_id"]))
        complete = self.upload_request("complete", path, upload_id=data["upload_id"], size=1)
        await self.expect_error(complete, 404, "UPLOAD_NOT_FOUND")

    async def upload_faults(self, number: int) -> None:
        fault, (status, code) = list(R2_FAULTS.items())[number % len(R2_FAULTS)]
        await self.expect_error(self.upload_request("create", f"users/soak/m{number}-{fault}", size=1), status, code)

    # ---- requests that are refused

    async def refused(self, number: int) -> None:
        path, members = "/api/v1/r2/sign-request", {"method": "PUT", "key": f"users/soak/m{number}~"}
        requests = {
            (401, "UNAUTHORIZED"): Request(path, members, {"X-API-Key": "another"}),
            (403, "PATH_NOT_ALLOWED"): Request(path, {**members, "key": f"others/m{number}~"}),
            (415, "UNSUPPORTED_MEDIA_TYPE"): Request(path, members, {"Content-Type": "text/plain"}),
            (413, "BODY_TOO_LARGE"): Request(path, {**members, "more": "m" * (1 << 20)}),
            (400, "VALIDATION_FAILED"): Request(path, {"method": "PUT"}),
            (404, "PRODUCT_NOT_FOUND"): self.ozon("push-images", {"product_id": 900_000_000 + number,
                                                                  "images": ["https://img.example/m.jpg"]}),
        }  # fmt: skip
        (status, code), request = list(requests.items())[number % len(requests)]
        await self.expect_error(request, status, code)

    # ---- requests whose callers leave

    def any_request(self, number: int) -> Request:
        path = f"users/soak/s{number % STORED}~.bin"
        key = random.choice(("good", "slow-1s", "stall", "reset"))
        return random.choice((
            self.urls_request(number, key, lines=number % 2 == 0),
            self.ozon("download", {"articles": ["2194435300", "FAULT-IMG-STALL"], "user_id": "left"}, number=number),
            # No push that succeeds: its caller does not see that it is pending when the product is used again.
            self.push_request(number, "stall"),
            self.ozon("push-status", {"product_id": 123, "task_id": 1}, key, number),
            Request("/api/v1/r2/presigned-urls", {"items": [{"r2_path": f"{path}{i}"} for i in range(500)]}),
            Request("/api/v1/r2/presigned-url", {"r2_path": path}),
            Request("/api/v1/r2/sign-request", {"method": "PUT", "key": path}),
            self.upload_request("parts", path, upload_id="x", size=1, part_size=5 << 20, part_numbers=[1]),
            self.upload_request("resume", f"{path}left", upload_id="unknown", size=1),
            self.upload_request("create", f"{path}left-r2-stall", size=1),
            self.upload_request("complete", f"{path}left", upload_id="unknown", size=1),
            self.upload_request("abort", f"{path}left", upload_id="unknown"),
        ))  # fmt: skip
