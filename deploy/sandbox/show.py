"""For main-job: JSON from standard input, made readable or taken apart. Several lines of JSON (NDJSON): a list of them.

    show.py                 indented (several lines: a line each); long texts cut, of longer lists the first entry and how
                            many more
    show.py PATH FIELD...   for what stands at PATH, or each element of the list there (items[].uploads: of each item), one
                            line with the fields, a tab between; a list's entries, or `headers` as curl's ("name: value"),
                            with form feeds between; a field that isn't there is empty
"""

import json
import sys


def short(value):
    if isinstance(value, dict):
        return {name: short(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [short(value[0]), f"... and {len(value) - 1} more"] if len(value) > 1 else [short(entry) for entry in value]
    if isinstance(value, str) and len(value) > 100:
        return f"{value[:60]}...{value[-20:]}"
    return value


def elements(value, path):
    for step in filter(None, path.split(".")):
        name = step.removesuffix("[]")
        value = [entry[name] for entry in value] if isinstance(value, list) else value[name]
        if step.endswith("[]") and value and isinstance(value[0], list):
            value = [entry for part in value for entry in part]
    while isinstance(value, list) and value and isinstance(value[0], list):
        value = [entry for part in value for entry in part]
    return value if isinstance(value, list) else [value]


def text(value):
    if isinstance(value, dict):
        return "\f".join(f"{name}: {entry}" for name, entry in value.items())
    if isinstance(value, list):
        return "\f".join(map(text, value))
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


lines = [json.loads(line) for line in filter(None, sys.stdin.read().splitlines())]
if len(sys.argv) > 1:
    for element in elements(lines[0] if len(lines) == 1 else lines, sys.argv[1]):
        print("\t".join(text(element.get(field, "")) for field in sys.argv[2:]))
else:
    for line in lines:
        print(json.dumps(short(line), indent=2 if len(lines) == 1 else None, ensure_ascii=False))
