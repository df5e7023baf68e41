"""For main-job: prints JSON from standard input, or fields of it. Several lines (NDJSON) are treated as a list.

show.py                 prints it indented, or one line per line of NDJSON. Long texts are cut. Of a list with
                        several elements, only the first is printed, and the number of the others
show.py PATH FIELD...   prints a line with tab-separated fields for the value at PATH, or for each element if it is
                        a list (items[].uploads: the uploads of every item). A field may be a list, or an object,
                        whose members are printed as "name: value": form feeds separate its elements. A missing
                        field is empty
"""

import json
import sys


def short(value):
    if isinstance(value, dict):
        return {name: short(entry) for name, entry in value.items()}
    if isinstance(value, list):
        more = [f"... and {len(value) - 1} more"] if len(value) > 1 else []
        return [short(entry) for entry in value[:1]] + more
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
