"""The stand-in's image CDN: small real pictures under any name, and faults controlled by the name (see `ozon`)."""

from __future__ import annotations

import asyncio
import hashlib
import re
import zlib
from email.utils import formatdate
from pathlib import Path
from time import time

from ozon_api import Record
from ozon_faults import HTML
from ozon_http import Answer, Connection, Request

EVIL_HOST = "127.0.0.2"
TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
PATH = re.compile(r"/s3/multimedia-[^/]+/(?:(?:wc|w|c|h)\d+/)?([^/]+)\.(jpg|png|webp)", re.ASCII)
CORS = {"Access-Control-Allow-Origin": "*"}
BLOCK = b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(2048))
"""64 KiB of padding, repeated to reach a size."""


class ImageCDN:
    """`delay`: seconds before every answer."""

    def __init__(self, folder: Path, record: Record, delay: float):
        self.record, self.delay = record, delay
        self.pictures = {ext: [f.read_bytes() for f in sorted(folder.glob(f"*.{ext}"))] for ext in TYPES}
        self.failed_once = set()
        self.faults = {
            "reset": self.reset, "short": self.short, "404": self.not_found, "500": self.broken, "html": self.html,
            "chunked": self.chunked, "stall": self.stall, "endless": self.endless, "redirect": self.redirect,
            "nocors": self.no_cors, "403": self.forbidden,
        }  # fmt: skip

    async def handle(self, request: Request, connection: Connection) -> None:
        local = connection.writer.get_extra_info("sockname")[0]
        host = request.headers.get("host", "")
        evil = EVIL_HOST in (local, host.partition(":")[0])
        at = self.record.at()
        entry = {
            "method": request.method, "host": host, "path": request.path, "evil": evil,
            "origin": request.headers.get("origin"), "at": at, "end": None,
        }  # fmt: skip
        self.record.images.append(entry)
        try:
            await self.answer(request, connection, evil)
        finally:
            entry["end"] = self.record.at()

    async def answer(self, request: Request, connection: Connection, evil: bool) -> None:
        await asyncio.sleep(self.delay)
        match = PATH.fullmatch(request.path)
        if request.method not in ("GET", "HEAD"):
            await connection.send(Answer(405, b"", "text/plain", {"Allow": "GET, HEAD"}))
        elif evil:
            await Image(self.picture("evil", "jpg"), "jpg", request, connection).send()
        elif match is None:
            await connection.send(Answer(404, b"", "text/plain", CORS))
        else:
            await self.serve(match[1], match[2], request, connection)

    async def serve(self, name: str, ext: str, request: Request, connection: Connection) -> None:
        image = Image(self.picture(name, ext), ext, request, connection)
        slow, size = re.match(r"slow-(\d{1,6})-", name), re.match(r"(size|chunked)-(\d{1,12})(?:-|$)", name)
        hops = re.match(r"redirects-(\d{1,2})-", name)
        fault = re.match(r"fault-([a-z0-9]+)", name)
        busy = re.match(r"busy-(\d{3})-(\d{1,9})-(date)?(\d{1,5})-", name)
        brands = re.match(r"brands-([A-Za-z0-9.]+)-", name)
        if brands:
            major, *others = [brand.encode() for brand in brands[1].split(".")]
            box = b"ftyp" + major + bytes(4) + b"".join(others)
            image.data = (len(box) + 4).to_bytes(4, "big") + box + BLOCK
        if slow:
            await asyncio.sleep(int(slow[1]) / 1000)
        if size:
            await image.send_sized(int(size[2]), is_chunked=size[1] == "chunked")
        elif busy and name not in self.failed_once:
            self.failed_once.add(name)
            await image.busy(int(busy[1]), int(busy[2]), int(busy[4]), is_date=bool(busy[3]))
        elif name.startswith("to-") and "to" in request.query:
            await image.redirect(request.query["to"])
        elif hops:
            left = int(hops[1]) - 1
            rest = name[hops.end() :]
            await image.redirect(f"/s3/multimedia-1-i/{f'redirects-{left}-{rest}' if left else rest}.{ext}")
        elif fault and fault[1] in self.faults:
            await self.faults[fault[1]](name, image)
        else:
            await image.send()

    def picture(self, name: str, ext: str) -> bytes:
        choice = self.pictures[ext]
        return choice[zlib.crc32(name.encode()) % len(choice)]

    # ---- the faults

    async def reset(self, name: str, image: Image) -> None:
        await image.send_half()
        await image.connection.reset()

    async def short(self, name: str, image: Image) -> None:
        image.connection.open = False
        image.head(length=len(image.data) + 1000)
        image.connection.writer.write(image.data)

    async def not_found(self, name: str, image: Image) -> None:
        await image.connection.send(Answer(404, b"", "text/plain", CORS), image.without_body)

    async def forbidden(self, name: str, image: Image) -> None:
        await image.connection.send(Answer(403, b"", "text/plain", CORS), image.without_body)

    async def broken(self, name: str, image: Image) -> None:
        once = name.startswith("fault-500-once")
        if once and name in self.failed_once:
            await image.send()
            return
        self.failed_once.add(name)
        await image.connection.send(Answer(500, b"", "text/plain", CORS), image.without_body)

    async def html(self, name: str, image: Image) -> None:
        await image.connection.send(Answer(200, HTML, "text/html", CORS), image.without_body)

    async def chunked(self, name: str, image: Image) -> None:
        image.head(length=None)
        if not image.without_body:
            await image.connection.chunk(image.data)
            await image.connection.chunk(b"")

    async def stall(self, name: str, image: Image) -> None:
        await image.send_half()
        await image.connection.hang()

    async def endless(self, name: str, image: Image) -> None:
        image.head(length=None)
        await image.connection.chunk(image.data)
        while True:
            await image.connection.chunk(BLOCK)

    async def redirect(self, name: str, image: Image) -> None:
        host, path = image.request.headers.get("host", ""), "/s3/multimedia-1-i/redirected.jpg"
        if name.startswith("fault-redirect-evil"):
            port = image.connection.writer.get_extra_info("sockname")[1]
            host, path = f"{EVIL_HOST}:{port}", "/evil.jpg"
        await image.redirect(f"http://{host}{path}")

    async def no_cors(self, name: str, image: Image) -> None:
        await image.send(cors={})


class Image:
    """A picture that is sent to one client."""

    def __init__(self, data: bytes, ext: str, request: Request, connection: Connection):
        self.data, self.ext, self.request, self.connection = data, ext, request, connection
        self.without_body = request.method == "HEAD"

    def head(self, length: int | None, cors: dict | None = None) -> None:
        """`length`: None if the body is chunked."""
        tag = hashlib.md5(self.data + str(length).encode()).hexdigest()
        size = {"Transfer-Encoding": "chunked"} if length is None else {"Content-Length": length}
        cors = CORS if cors is None else cors
        self.connection.head(200, {"Content-Type": TYPES[self.ext], **size, "ETag": f'"{tag}"', **cors})

    async def send(self, cors: dict | None = None) -> None:
        self.head(len(self.data), cors)
        if not self.without_body:
            self.connection.writer.write(self.data)
        await self.connection.writer.drain()

    async def send_half(self) -> None:
        self.head(len(self.data))
        self.connection.writer.write(self.data[: len(self.data) // 2])
        await self.connection.writer.drain()

    async def busy(self, status: int, size: int, wait: int, is_date: bool) -> None:
        """Sends this status with a page of `size` bytes and a `Retry-After` of `wait` seconds."""
        after = formatdate(time() + wait, usegmt=True) if is_date else str(wait)
        page = (BLOCK * (size // len(BLOCK) + 1))[:size]
        await self.connection.send(Answer(status, page, "text/html", {"Retry-After": after, **CORS}), self.without_body)

    async def redirect(self, location: str) -> None:
        await self.connection.send(Answer(302, b"", "text/plain", {"Location": location, **CORS}))

    async def send_sized(self, size: int, is_chunked: bool) -> None:
        """Sends the picture, padded or cut to the size."""
        self.head(None if is_chunked else size)
        if self.without_body:
            return
        left = size
        while left > 0:
            data = (self.data if left == size else BLOCK)[:left]
            if is_chunked:
                await self.connection.chunk(data)
            else:
                self.connection.writer.write(data)
                await self.connection.writer.drain()
            left -= len(data)
        if is_chunked:
            await self.connection.chunk(b"")
