"""The fields of requests, as the document describes them."""
import json

from document import resolve

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
