"""The TypeScript types of the client (nginx/html/ozon-r2.d.ts) are those that the document has, according to tsc."""
import json
import subprocess
import tempfile
import unittest
from pathlib import Path

from document import DOCUMENT, REPOSITORY, resolve

NAMES = {"integer": "number", "number": "number", "string": "string", "boolean": "boolean"}


def typescript(schema):
    """The type of a schema, with all types that it names."""
    schema = resolve(schema)
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"] if value is not None)
    kind = schema["type"][0] if isinstance(schema["type"], list) else schema["type"]
    if kind == "array":
        return f"({typescript(schema['items'])})[]"
    if kind == "object" and "properties" not in schema:
        return f"Record<string, {typescript(schema['additionalProperties'])}>"
    if kind == "object":
        members = (f"{name}{'' if name in schema.get('required', []) else '?'}: {typescript(value)};"
                   for name, value in schema["properties"].items())
        return "{ " + " ".join(members) + " }"
    return NAMES[kind]


ASSERTIONS = """
import { Credential, FieldFault, Item, Options, Pushed, Upload } from "%s/nginx/html/ozon-r2.js";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
export const equal: [
  Equal<Schema["Credential"], Credential>,
  Equal<Schema["DownloadItem"], Item>,
  Equal<Schema["ImageUpload"], Upload>,
  Equal<Schema["InvalidField"], FieldFault>,
  Equal<keyof Schema["PictureFault"], keyof FieldFault>,
  Equal<Schema["DownloadRequest"]["field"], Options["field"]>,
  Equal<keyof Pushed, keyof Schema["PushResponse"]["data"] | "success" | "errors" | "warnings">,
  Equal<Pick<Pushed, "product_id" | "updated" | "status" | "task_id">, Omit<Schema["PushResponse"]["data"],
    "current_images">>,
] = [true, true, true, true, true, true, true, true];
"""


class Types(unittest.TestCase):
    def test_the_types_of_the_client_are_those_of_the_document(self):
        schemas = DOCUMENT["components"]["schemas"]
        used = ["Credential", "DownloadItem", "ImageUpload", "InvalidField", "PictureFault", "DownloadRequest",
                "PushResponse"]
        text = "".join(f"  {name}: {typescript(schemas[name])};\n" for name in used)
        with tempfile.TemporaryDirectory(prefix="openapi-") as folder:
            file = Path(folder, "schema.mts")
            file.write_text(f"interface Schema {{\n{text}}}\n{ASSERTIONS % REPOSITORY}")
            ended = subprocess.run(["tsc", "--noEmit", "--strict", "--target", "es2022", "--module", "nodenext",
                                    "--moduleResolution", "nodenext", file], capture_output=True, text=True)
        self.assertEqual(ended.stdout, "")
        self.assertEqual(ended.returncode, 0, ended.stderr)
