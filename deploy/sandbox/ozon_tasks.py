"""Imports of pictures: how Ozon processes a new set, and the tasks that report the progress."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ozon_catalogue import Catalogue, Product

FAULTY_URLS = {"bad-http": "pics_http_error", "bad-decode": "pics_cant_decode"}


def image_error(url: str) -> str | None:
    """The code with which Ozon rejects this picture."""
    return next((code for text, code in FAULTY_URLS.items() if text in url), None)


def task_error(code: str, level: str, field: str, description: str = "") -> dict:
    """An error in the form of a task. It identifies a picture in its description, if at all."""
    return {"code": code, "level": level, "field": field, "message": "", "description": description}


def note_errors(product: Product, urls: list) -> None:
    """Records Ozon's errors for the pictures of the last import."""
    product.image_errors = [{"url": url, "message": image_error(url)} for url in urls if image_error(url)]


def replace_pictures(catalogue: Catalogue, product: Product, images: list, color: str) -> None:
    """Sets the product's pictures to the valid ones of the new set."""
    note_errors(product, [*images, color])

    def kept(urls):
        good = (url for url in urls if url and not image_error(url) and "vanish" not in url)
        return [catalogue.read_back(url) for url in good]

    product.images = kept(images)
    product.color_image = "".join(kept([color]))


@dataclass
class Item:
    """One product of a task: its new pictures, and for how many polls it stays pending."""

    offer_id: str
    product: Product | None
    images: list
    color_image: str
    pending: float
    result: dict | None = None

    def poll(self, catalogue: Catalogue) -> dict:
        """The item in the form of import/info. Replaces the pictures at the first poll that is not pending."""
        if self.pending > 0:
            self.pending -= 1
            return self._report("pending")
        if self.result is None:
            self.result = self._finish(catalogue)
        return self.result

    def _finish(self, catalogue: Catalogue) -> dict:
        product = self.product
        if product is None:
            return self._report("failed", task_error("offer_id_not_found", "error", "offer_id"))
        if product.is_archived or not product.is_created:
            return self._report("failed", task_error("product_not_editable", "error", "offer_id"))
        urls = [*self.images, self.color_image]
        if any("over-quota" in url for url in urls):
            return self._report("failed", task_error("item_limit_exceeded", "error", ""))
        named = [url for url in urls if "bad-named" in url]
        named = [task_error("pics_cant_decode", "error", "pictures", f"Can't read {url}.") for url in named]
        if named:
            return self._report("failed", *named)
        if product.offer_id == "FAIL-IMPORT" or (self.images and all(image_error(url) for url in self.images)):
            note_errors(product, [*self.images, self.color_image])
            return self._report("failed", task_error("all_image_failed", "error", "pictures"))
        before = [*product.images, product.color_image]
        if [catalogue.read_back(url) for url in [*self.images, self.color_image]] == before:
            return self._report("skipped")
        replace_pictures(catalogue, product, self.images, self.color_image)
        warned = [(url, "pictures") for url in self.images] + [(self.color_image, "color_image")]
        errors = [task_error(image_error(url), "warning", where) for url, where in warned if image_error(url)]
        if any("bad-quietly" in url for url in urls):
            errors.append(task_error("some_image_failed", "error", "pictures"))
        return self._report("imported", *errors)

    def _report(self, status: str, *errors: dict) -> dict:
        product_id = self.product.product_id if self.product else 0
        return {"offer_id": self.offer_id, "product_id": product_id, "status": status, "errors": list(errors)}


class Tasks:
    """The tasks by number. A new task is unknown at its first poll."""

    def __init__(self, catalogue: Catalogue, pending_polls: int):
        self.catalogue, self.pending_polls = catalogue, pending_polls
        self.reset()

    def reset(self) -> None:
        self._tasks, self._unknown = {}, set()

    def add(self, items: list) -> int:
        """`items` as in the request. Returns the task's number."""
        number = 172549793 + len(self._tasks)
        self._tasks[number] = [self._item(item) for item in items]
        self._unknown.add(number)
        return number

    def poll(self, number: int) -> dict:
        if number in self._unknown or number not in self._tasks:
            self._unknown.discard(number)
            return {"items": [], "total": 0}
        items = [item.poll(self.catalogue) for item in self._tasks[number]]
        return {"items": items, "total": len(items)}

    def _item(self, item: dict) -> Item:
        offer_id, primary = item["offer_id"], item.get("primary_image", "")
        images = list(item.get("images", []))
        if primary:
            images = [primary] + [url for url in images if url != primary]
        product = self.catalogue.find("offer_id", offer_id)
        return Item(offer_id, product, images, item.get("color_image", ""), self._pending(offer_id))

    def _pending(self, offer_id: str) -> float:
        if offer_id == "PENDING-FOREVER":
            return float("inf")
        match = re.fullmatch(r"PENDING-(\d+)", offer_id, re.ASCII)
        return int(match[1]) if match else self.pending_polls
