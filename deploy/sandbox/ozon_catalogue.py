"""The stand-in's products. They are derived from their ids and kept, so that imports can change them."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field

KINDS = "RESET SHORT 404 500 500-ONCE HTML CHUNKED STALL ENDLESS REDIRECT REDIRECT-EVIL NOCORS".split()
FAMILIES = {"A": (1_000_000, 100_000), "BIG": (5_000_000, 1000), "PENDING": (7_000_000, 999)}
"""Families `<name>-<n>`: product_id is base + n and sku is base + 1,000,000 + n, for n from 1 to the second number."""


@dataclass
class Product:
    product_id: int
    offer_id: str
    sku: int
    images: list  # URLs; the first one is the primary image
    color_image: str = ""
    is_archived: bool = False
    is_created: bool = True
    images360: list = field(default_factory=list)  # v1 only
    image_errors: list = field(default_factory=list)  # of the last import: {"url", "message"}
    more_skus: list = field(default_factory=list)  # further listings of the same product


class Catalogue:
    """Looks products up by any kind of id."""

    def __init__(self, image_base: str):
        """`image_base`: scheme and host of the image URLs."""
        self.base = image_base
        self.reset()

    def reset(self) -> None:
        """Undoes every import."""
        self._made = {}
        named = self._named()
        self._offers = {p.offer_id: p for p in named}
        self._products = {p.product_id: p for p in named}
        self._skus = {sku: p for p in named for sku in [p.sku, *p.more_skus] if sku}

    def add(self, offer_id: str, images: list, color_image: str = "") -> int:
        """Adds or replaces a product. Returns its product_id."""
        number = 9_000_000 + len(self._products)
        product = Product(number, offer_id, number + 1_000_000, images, color_image)
        self._offers[offer_id] = self._products[number] = self._skus[product.sku] = product
        return number

    def find(self, kind: str, value: str) -> Product | None:
        """`kind` is offer_id, product_id or sku."""
        if kind == "offer_id":
            return self._offers.get(value) or self._of_family(value)
        number = int(value)
        named = self._products if kind == "product_id" else self._skus
        return named.get(number) or self._of_number(number, 0 if kind == "product_id" else 1_000_000)

    def read_back(self, url: str) -> str:
        """The URL that pictures/info has for a picture imported from this URL."""
        if "rehost" not in url:
            return url
        return self._url(9_000_000_000 + zlib.crc32(url.encode("utf-8", "replace")))

    def _url(self, name, shard=1) -> str:
        return f"{self.base}/s3/multimedia-{shard}-i/{name}.jpg"

    def _urls(self, first: int, count: int) -> list:
        return [self._url(first + i) for i in range(count)]

    def _of_number(self, number: int, offset: int) -> Product | None:
        for family, (base, last) in FAMILIES.items():
            if 1 <= number - base - offset <= last:
                return self._of_family(f"{family}-{number - base - offset}")
        return None

    def _of_family(self, offer_id: str) -> Product | None:
        match = re.fullmatch(r"(A|BIG|PENDING)-([1-9][0-9]{0,5})", offer_id, re.ASCII)
        if match is None or int(match[2]) > FAMILIES[match[1]][1]:
            return None
        if offer_id not in self._made:
            self._made[offer_id] = self._make(offer_id, match[1], int(match[2]))
        return self._made[offer_id]

    def _make(self, offer_id: str, family: str, n: int) -> Product:
        base = FAMILIES[family][0]
        count = {"A": n % 4 + 1, "BIG": min(n, 50), "PENDING": 2}[family]
        first = base * 100 + n * 100
        color = self._url(first + 99) if n % 5 == 0 else ""
        return Product(base + n, offer_id, base + 1_000_000 + n, self._urls(first, count), color)

    def _named(self) -> list:
        """The products that are not of a family. Their ids follow from their order, beginning with 123 and 456."""
        first = self._urls(8388316998, 5)
        twice = [self._url(1), self._url(1, shard=2)]
        rows = [
            ("2194435300", first, {"color_image": self._url(8388317010)}),
            ("2194435301", self._urls(8388318000, 3), {}),
            ("2194435302", self._urls(8388319000, 1), {}),
            ("NO-IMAGES", [], {}),
            ("ARCHIVED", self._urls(8388320000, 2), {"is_archived": True}),
            ("NOT-CREATED", self._urls(8388321000, 2), {"is_created": False}),
            ("STRINGS", self._urls(8388322000, 3), {"color_image": self._url(8388322010)}),
            ("NO-PRIMARY-REPEAT", self._urls(8388323000, 4), {}),
            ("SAME-NAMES", twice, {}),
            ("SAME-NAMES-2", [*self._urls(8388324000, 1), *twice], {}),
            ("FAIL-IMPORT", self._urls(8388325000, 2), {}),
            ("PENDING-FOREVER", self._urls(8388326000, 2), {}),
            ("FORMATS", [url[:-3] + ext for url, ext in zip(self._urls(8388327000, 3), ("jpg", "png", "webp"))], {}),
        ]
        for i, kind in enumerate(KINDS):
            good, end = self._urls(8388328000 + 10 * i, 2)
            rows.append((f"FAULT-IMG-{kind}", [good, self._url(f"fault-{kind.lower()}-{i}"), end], {}))
        rows.append(("LARGE", [self._url(f"size-48000000-{i}") for i in range(32)], {}))
        rows.append(("HUNDRED", [self._url(f"size-200000-{i}") for i in range(100)], {}))
        rows.append(("LOSES-BAD", [*self._urls(8388330000, 2), self._url("bad-http-0")], {}))
        rows.append(("LOSES", [*self._urls(8388331000, 2), self._url("vanish-0")], {}))
        rows.append(("LOSES-COLOR", self._urls(8388332000, 2), {"color_image": self._url("vanish-1")}))
        rows.append(("SEVERAL-SKUS", self._urls(8388333000, 2), {"more_skus": [4000001, 4000002]}))
        temporary = self._url("item-pic-0123456789abcdef0123456789abcdef", shard="tmp")
        rows.append(("TEMPORARY", [*self._urls(8388334000, 1), temporary], {"color_image": self._url(8388334010)}))
        return [
            Product(123 + i, offer, 0 if offer == "NOT-CREATED" else 456 + i, images, **rest)
            for i, (offer, images, rest) in enumerate(rows)
        ]
