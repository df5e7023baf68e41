"""The executables treat each field of a request as the document says: its name, type, range and length, whether it is
required, and the reasons of its faults. Each test changes one field of the document's examples.

Starts deploy/sandbox/stack. Environment: BIN, the executables (default .build/release); S3_VENV.
"""
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import urllib.parse

from document import DOCUMENT, ENDPOINTS, REPOSITORY, fails, resolve

os.environ["PATH"] += ":/usr/sbin"
STACK = REPOSITORY / "deploy" / "sandbox" / "stack"
READERS = (r'\b(?:string|text|bool|integers?|choice|objects?|strings|entries|list|objectKey|contentType|uploadID)'
           r'\(\s*(?:named: )?"([a-z]\w*)"|named name: StaticString = "(\w+)"')
NAMES = sorted({name for path in (REPOSITORY / "Sources").rglob("*.swift")
                for names in re.findall(READERS, path.read_text()) for name in names if name})
"""The names of all fields of requests, and a few others, that the sources read."""

TYPES = {"string": "a string", "integer": "an integer", "boolean": "true or false", "object": "an object",
         "array": "an array"}


class Place:
    """A field of a request: `steps` lead to it in the body, and `name` is its name in faults."""

    def __init__(self, operation, steps, schema, is_required):
        self.operation, self.steps, self.schema, self.is_required = operation, steps, schema, is_required
        self.name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        self.is_optional = "null" in types
        self.type = types[0]

    def bodies(self, value, is_absent=False):
        """The examples with that value in this place."""
        for example in self.operation.examples:
            body = json.loads(json.dumps(example))
            holder = body
            for step in self.steps[:-1]:
                if not (step in holder if isinstance(holder, dict) else step < len(holder)):
                    break
                holder = holder[step]
            else:
                if is_absent:
                    holder.pop(self.steps[-1], None)
                else:
                    holder[self.steps[-1]] = value
                yield body

    def sample(self, length):
        """A valid string or array of that length."""
        if self.type == "array":
            items = resolve(self.schema["items"])
            if items["type"] == "object":
                example = next(iter(self.operation.examples[-1][self.steps[-1]]))
                return [example] * length
            return list(range(1, length + 1)) if "integer" in items["type"] else \
                [f"https://example.com/{index}" for index in range(length)]
        example = self.schema["examples"][0]
        return example[:length] + "a" * (length - len(example))


def places(operation, schema=None, steps=()):
    """The fields of an operation's request, also those of the objects in it."""
    schema = resolve(schema or operation.request)
    for name, value in schema["properties"].items():
        value = resolve(value)
        place = Place(operation, [*steps, name], value, name in schema["required"])
        yield place
        if place.type == "object":
            yield from places(operation, value, [*steps, name])
        elif place.type == "array" and resolve(value["items"])["type"] == "object":
            yield from places(operation, value["items"], [*steps, name, 0])


class Behaviour(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="openapi-")
        cls.addClassCleanup(shutil.rmtree, cls.dir, ignore_errors=True)
        cls.addClassCleanup(subprocess.run, [STACK, "stop", cls.dir], stdout=subprocess.DEVNULL)
        subprocess.run([STACK, "start", cls.dir, "OZON_PUSH_TIMEOUT=5"], check=True, stdout=subprocess.DEVNULL)
        lines = pathlib.Path(cls.dir, "env").read_text().splitlines()
        cls.env = dict(line.split("=", 1) for line in lines)
        cls.connection = http.client.HTTPConnection(urllib.parse.urlsplit(cls.env["URL"]).netloc, timeout=60)
        cls.addClassCleanup(cls.connection.close)

    def post(self, operation, body):
        """The status and the body of a response, after checking that the document has it."""
        self.connection.request("POST", operation.path, json.dumps(body), {
            "Content-Type": "application/json", "X-API-Key": self.env["API_KEY"]})
        response = self.connection.getresponse()
        answer = json.loads(response.read())
        self.assertIn(response.status, operation.responses)
        schema = operation.responses[response.status]["content"]["application/json"]["schema"]
        self.assertIsNone(fails(schema, answer), (operation.path, body))
        return response.status, answer

    def reasons(self, place, value, is_absent=False):
        """For each example that can have the value: the reasons of the field's faults."""
        found = []
        for body in place.bodies(value, is_absent):
            status, answer = self.post(place.operation, body)
            faults = answer.get("errors", []) if status == 400 else []
            found.append([fault["reason"] for fault in faults if fault["field"] == place.name])
        self.assertTrue(found, place.name)
        return found

    def for_each(self, condition, examine):
        for operation in ENDPOINTS.values():
            for place in filter(condition, places(operation)):
                with self.subTest(operation.path, field=place.name):
                    examine(place)

    def test_the_examples_have_no_faults(self):
        for operation in ENDPOINTS.values():
            for body in operation.examples:
                with self.subTest(operation.path, body=body):
                    self.assertNotEqual(self.post(operation, body)[0], 400)

    def test_exactly_the_documented_fields_are_read_and_a_wrong_type_is_a_fault(self):
        self.assertGreater(len(NAMES), 30)
        for operation in ENDPOINTS.values():
            documented = {place.name: place for place in places(operation)}
            self.assertLessEqual({place.steps[-1] for place in documented.values()}, set(NAMES))
            folders = {tuple(place.steps[:-1]) for place in documented.values()}
            for folder in folders:
                for name in NAMES:
                    place = Place(operation, [*folder, name], {"type": "number"}, False)
                    expected = documented.get(place.name)
                    with self.subTest(operation.path, field=place.name):
                        reasons = {reason for found in self.reasons(place, 1.5) for reason in found}
                        allowed = {f"Must be {TYPES[expected.type]}"} if expected else set()
                        self.assertEqual({text for text in reasons if not text.startswith("Not allowed for ")}, allowed)

    def test_required_fields_are_required_and_the_others_may_be_absent_or_null(self):
        def examine(place):
            self.assertEqual(place.is_required, not place.is_optional)
            expected = ["Field required"] if place.is_required else []
            for found in self.reasons(place, None, is_absent=True) + self.reasons(place, None):
                # Some operations of r2-sign-request require them, and the document says which.
                if place.name not in ("uploadId", "partNumber"):
                    self.assertEqual(found, expected)
        self.for_each(lambda place: True, examine)

    def test_integers_have_the_documented_range_and_may_be_strings_of_digits(self):
        def examine(place):
            low, high = place.schema["minimum"], place.schema["maximum"]
            fault = f"Must be between {low} and {high}"
            self.assertIn([fault], self.reasons(place, low - 1))
            self.assertIn(["Must be an integer" if high == 2**63 - 1 else fault], self.reasons(place, high + 1))
            for value in (low, high, str(low)):
                self.assertNotIn(fault, sum(self.reasons(place, value), []))
            self.assertIn(["Must be an integer"], self.reasons(place, "-1"))
        self.for_each(lambda place: place.type == "integer", examine)

    def test_strings_and_arrays_have_the_documented_length(self):
        def examine(place):
            if "minLength" in place.schema or "minItems" in place.schema:
                self.assertIn(["Must not be empty"], self.reasons(place, place.sample(0)))
            limit = place.schema.get("maxLength") or place.schema.get("maxItems")
            self.assertTrue(limit or "enum" in place.schema, "no limit")
            if limit:
                too_long = [[f"Exceeds limit ({limit})"], ["Invalid path: is longer than 1024 bytes"],
                            ["Invalid URL format"]]
                self.assertTrue(any(found in too_long for found in self.reasons(place, place.sample(limit + 1))))
                self.assertTrue(any(found not in too_long for found in self.reasons(place, place.sample(limit))))
        self.for_each(lambda place: place.type in ("string", "array"), examine)

    def test_the_values_of_enums_are_those_that_the_fault_lists(self):
        def examine(place):
            listed = set()
            for reason in sum(self.reasons(place, "no-such-value"), []):
                if not reason.startswith("Not allowed for "):
                    listed |= set(reason.removeprefix("Must be one of ").split(", "))
            self.assertEqual(listed, set(place.schema["enum"]) - {None})
        self.for_each(lambda place: "enum" in place.schema, examine)

    def test_the_lists_of_numbers_and_URLs_have_the_documented_elements(self):
        parts, push = ENDPOINTS["r2-multipart-parts"], ENDPOINTS["ozon-push-images"]
        items = resolve(parts.request)["properties"]["part_numbers"]["items"]
        most = {**parts.examples[0], "size": items["maximum"] * 5242880, "part_size": 5242880}
        for number, status in [(0, 400), (1, 200), (items["maximum"], 200), (items["maximum"] + 1, 400)]:
            self.assertEqual(self.post(parts, {**most, "part_numbers": [number]})[0], status, number)
        limit = DOCUMENT["components"]["schemas"]["PictureURL"]["maxLength"]
        for length in (limit, limit + 1):
            url = "https://example.com/".ljust(length, "a")
            _, answer = self.post(push, {**push.examples[0], "images": ["ftp://example.com", url]})
            self.assertEqual([fault["index"] for fault in answer["errors"]], [0, 1][:1 + length - limit])

    def test_a_stream_consists_of_the_documented_lines(self):
        download = ENDPOINTS["ozon-download"]
        body = {**download.examples[0], "articles": ["2194435300", "no-such-article"], "presign": True}
        self.connection.request("POST", download.path, json.dumps(body), {
            "Content-Type": "application/json", "Accept": "application/x-ndjson", "X-API-Key": self.env["API_KEY"]})
        response = self.connection.getresponse()
        self.assertEqual(response.headers["Content-Type"], "application/x-ndjson")
        lines = [json.loads(line) for line in response.read().splitlines() if line]
        schema = download.responses[200]["content"]["application/x-ndjson"]["schema"]["contentSchema"]
        for line in lines:
            self.assertIsNone(fails(schema, line), line)
        self.assertEqual([line["type"] for line in lines], ["start", "item", "item", "done"])
