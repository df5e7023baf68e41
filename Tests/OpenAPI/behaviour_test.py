"""The executables treat each field of a request as the document says: its name, type, range and length, whether it is
required, and the reasons of its faults. Each test changes one field of the document's examples.
"""
import json
import re

from document import DOCUMENT, ENDPOINTS, REPOSITORY, resolve
from fields import TYPES, Place, places
from sandbox import ORIGIN, SandboxTest

READERS = (r'\b(?:string|text|bool|integers?|choice|objects?|strings|entries|list|objectKey|contentType|uploadID)'
           r'\(\s*(?:named: )?"([a-z]\w*)"|named name: StaticString = "(\w+)"')
NAMES = sorted({name for path in (REPOSITORY / "Sources").rglob("*.swift")
                for names in re.findall(READERS, path.read_text()) for name in names if name})
"""The names of all fields of requests, and a few others, that the sources read."""

SIGNING = ["r2-presigned-url", "r2-presigned-urls", "r2-sign-request", "r2-multipart-create", "r2-multipart-parts"]
STREAMED = [operation for operation in ENDPOINTS.values()
            if "application/x-ndjson" in operation.responses[200]["content"]]
LINES = {"Accept": "application/x-ndjson"}


class Behaviour(SandboxTest):
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

    def test_the_examples_of_signed_URLs_are_the_responses_to_the_requests_of_the_same_name(self):
        def comparable(response):
            text = json.dumps(response, sort_keys=True)
            text = re.sub(r'"https?://[^"?]*?(/users/[^"?]*)[^"]*"', r'"\1"', text)
            return re.sub(r'"(expires_at|upload_id)": "[^"]*"', r'"\1"', text)
        for operation in map(ENDPOINTS.get, SIGNING):
            requests = operation.definition["requestBody"]["content"]["application/json"]["examples"]
            for name, example in operation.responses[200]["content"]["application/json"]["examples"].items():
                _, answer = self.post(operation, requests[name]["value"])
                self.assertEqual(comparable(answer), comparable(example["value"]), operation.path)

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

    def test_pages_may_call_every_endpoint_and_read_the_headers_that_the_document_lists(self):
        text = DOCUMENT["info"]["description"]
        method, sent, read = re.search(r"the method (\w+) with the headers (.+?); they can read (.+?)\.", text).groups()
        sent, read = (", ".join(re.findall(r"`(.+?)`", names)) for names in (sent, read))
        granted = {"OPTIONS": {"Allow-Methods": method, "Allow-Headers": sent, "Max-Age": "7200"},
                   "POST": {"Expose-Headers": read}}
        for operation in ENDPOINTS.values():
            for origin in (ORIGIN, "https://example.com"):
                for verb, status in [("OPTIONS", 204), ("POST", 401)]:
                    response, _ = self.send(operation.path, b"{}", {"Origin": origin, "X-API-Key": None}, verb)
                    self.assertEqual((response.status, response.headers["Vary"]), (status, "Origin"))
                    for name, value in {"Allow-Origin": ORIGIN, **granted[verb]}.items():
                        self.assertEqual(response.headers[f"Access-Control-{name}"],
                                         value if origin == ORIGIN else None, (operation.path, name))

    def test_the_lines_of_a_stream_are_the_documented_ones(self):
        articles = ["2194435300", "no-such-article", "FAULT-IMG-404"]
        for operation in STREAMED:
            for body in operation.examples:
                status, lines = self.post(operation, {**body, "articles": articles}, LINES)
                self.assertEqual(status, 200)
                self.assertEqual([line["type"] for line in lines], ["start", "item", "item", "item", "done"])

    def test_an_error_is_the_response_to_a_request_for_a_stream_or_its_last_line(self):
        articles = [*(f"nobody-{number}" for number in range(1000)), "FAULT-FORBIDDEN"]
        for operation in STREAMED:
            def responses(key):
                for client in range(710_000, 710_020):
                    credential = {"client_id": str(client), "api_key": key}
                    yield self.post(operation, {**operation.examples[0], "credential": credential,
                                                "articles": articles}, LINES)
            status, answer = next(responses("invalid-key"))
            self.assertEqual((status, answer["code"]), (403, "OZON_UNAUTHORIZED"))
            # Either of the two calls to Ozon can be the slow one: if it is the good one, no line is sent.
            lines = next(answer for status, answer in responses("slow-500ms@2") if status == 200)
            self.assertEqual((lines[0]["type"], lines[-1]["type"]), ("start", "error"))
