"""The OpenAPI document, as the tests read it.

    DOCUMENT            nginx/html/openapi.json
    ENDPOINTS           {"r2-presigned-url": Operation}; the operations of the executables
    resolve(schema)     the schema with the members that its $ref names
    properties(schema)  {name: schema} of a request or response and of everything in it, by the name alone
    fails(schema, value)    why a value doesn't fit a schema, or None
"""
import json
import pathlib

from jsonschema import Draft202012Validator

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = json.loads((REPOSITORY / "nginx/html/openapi.json").read_text())


def resolve(value):
    if "$ref" not in value:
        return value
    target = DOCUMENT
    for name in value["$ref"].removeprefix("#/").split("/"):
        target = target[name.replace("~1", "/")]
    return {**resolve(target), **{name: own for name, own in value.items() if name != "$ref"}}


class Operation:
    def __init__(self, path, definition):
        self.path = path
        self.definition = definition
        self.responses = {int(status): resolve(value) for status, value in definition["responses"].items()}

    @property
    def request(self):
        return self.definition["requestBody"]["content"]["application/json"]["schema"]

    @property
    def examples(self):
        """The bodies of the examples."""
        examples = self.definition["requestBody"]["content"]["application/json"]["examples"]
        return [example["value"] for example in examples.values()]

    @property
    def response(self):
        return self.responses[200]["content"]["application/json"]["schema"]

    @property
    def errors(self):
        """The examples of error responses, as (status, code, message)."""
        return {(status, *error) for status, response in self.responses.items() if status != 200
                for error in errors(response)}


ENDPOINTS = {methods["post"]["operationId"]: Operation(path, methods["post"])
             for path, methods in DOCUMENT["paths"].items() if "post" in methods}


def errors(response):
    """The (code, message) of a response's examples."""
    examples = response["content"]["application/json"]["examples"].values()
    return {(example["value"]["code"], example["value"]["error"]) for example in examples}


def properties(schema):
    found = {}
    schema = resolve(schema)
    for name, value in schema.get("properties", {}).items():
        found[name] = resolve(value)
        found.update(properties(value))
    for part in [*schema.get("oneOf", []), *filter(None, [schema.get("items")])]:
        found.update(properties(part))
    return found


def fails(schema, value):
    whole = {**schema, "components": DOCUMENT["components"]}
    return next((f"{error.json_path}: {error.message}"[:300] for error in
                 Draft202012Validator(whole).iter_errors(value)), None)
