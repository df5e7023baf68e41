"""What schemathesis must know beyond the document, and three checks of our own."""
import json
import re
import unicodedata

import schemathesis

from document import ENDPOINTS, fails, resolve

STORED = r"No part was uploaded|Part \d+ (is missing|was not uploaded|has \d+ bytes, .+)|The last part has .+" \
    r"|The parts have \d+ bytes|Differs from the stored part's"
"""The reasons that depend on the parts that R2 has."""


@schemathesis.hook
def filter_case(context, case):
    """Leaves out cases that the document, as JSON Schema, can't tell apart: valid bodies that break a rule that JSON
    Schema doesn't have, and invalid ones that such a rule makes valid."""
    body, operation = case.body, ENDPOINTS.get(case.operation.definition.raw.get("operationId"))
    if operation is None or not isinstance(body, dict):
        return True
    if case.meta.generation.mode.is_positive:
        known = {name: value for name, value in body.items() if name in resolve(operation.request)["properties"]}
        return breaks_no_rule(resolve(operation.request), known) and breaks_no_rule_of(known) and \
            len(json.dumps(body)) <= 1 << 20
    return body.get("on_invalid") != "skip"


def number(value):
    return int(value) if isinstance(value, int) or isinstance(value, str) and value.isascii() and value.isdigit() else 0


def breaks_no_rule(schema, value):
    """The range of a string of digits; the number of bytes in UTF-8; that 1.0, which is an integer for JSON Schema, is
    none for the executables."""
    schema = resolve(schema)
    if isinstance(value, dict):
        return all(breaks_no_rule(schema["properties"][name], member) for name, member in value.items()
                   if name in schema.get("properties", {}))
    if isinstance(value, list):
        return all(breaks_no_rule(schema["items"], element) for element in value)
    if isinstance(value, float):
        return False
    if isinstance(value, str) and "integer" in schema["type"]:
        return schema["minimum"] <= number(value) <= schema["maximum"]
    if isinstance(value, str):
        normalized = unicodedata.normalize("NFC", value).encode(errors="replace")
        return max(len(value.encode(errors="replace")), len(normalized)) <= schema.get("maxLength", 1 << 20)
    return True


def breaks_no_rule_of(body):
    """Rules about several fields, and about the host of a URL."""
    urls = [*(body.get("images") or []), *(body.get("images360") or []), body.get("color_image")]
    if any(url and url.partition("://")[2].partition("/")[0].rpartition("@")[2][:1] in ("", ":", "\\", "?", "#")
           for url in urls):
        return False
    if any(body.get("images360") or []) and not any(body.get("images") or []) and not body.get("color_image"):
        return False
    paths = [unicodedata.normalize("NFC", item["r2_path"]) for item in body.get("items", [])]
    if len(set(paths)) < len(paths):
        return False
    size, part_size = number(body.get("size")), number(body.get("part_size"))
    numbers = [*body.get("part_numbers", []), *(part["part_number"] for part in body.get("parts") or [])]
    numbers = [number(value) for value in numbers]
    if part_size and size > 10_000 * part_size:
        return False
    count = -(-size // part_size) if part_size else 10_000
    return len(set(numbers)) == len(numbers) and all(value <= count for value in numbers)


@schemathesis.hook
def map_case(context, case):
    """Half of the valid requests with a credential have one that the stand-in for Ozon accepts, and half of those a
    product that it has. Every other valid request for a list of images is one for a stream."""
    is_valid = case.meta.generation.mode.is_positive and isinstance(case.body, dict)
    if not is_valid or "/ozon/" not in case.operation.path:
        return case
    choice = len(str(case.body))
    if choice % 2:
        case.body["credential"] = {"client_id": "your-client-id", "api_key": "your-api-key"}
    if choice % 4 == 1 and "articles" in case.body:
        case.body = {**case.body, "articles": ["2194435300", *case.body["articles"]], "field": "offer_id"}
    elif choice % 4 == 1:
        case.body["product_id"] = 123
    if choice % 8 < 4 and "articles" in case.body and case.headers is not None:
        case.headers["Accept"] = "application/x-ndjson"
    return case


@schemathesis.deserializer("application/x-ndjson")
def read_lines(context, response):
    return response.content.decode()


@schemathesis.check
def lines_fit_their_schema(context, response, case):
    if response.headers.get("content-type", [""])[0] == "application/x-ndjson":
        content = resolve(case.operation.definition.raw["responses"]["200"])["content"]["application/x-ndjson"]
        for line in filter(None, response.content.split(b"\n")):
            fault = fails(content["schema"]["contentSchema"], json.loads(line))
            assert fault is None, fault


@schemathesis.check
def a_valid_completion_is_rejected_only_because_of_what_was_uploaded(context, response, case):
    """Takes the place of a part of positive_data_acceptance, for which schemathesis.toml allows 400."""
    if case.operation.path.endswith("/complete") and case.meta.generation.mode.is_positive:
        for fault in json.loads(response.content).get("errors", []):
            assert re.fullmatch(STORED, fault["reason"]), fault


@schemathesis.check
def the_process_has_answered(context, response, case):
    assert b'"code":"BACKEND_' not in response.content
