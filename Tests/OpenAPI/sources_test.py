"""The document has what the sources have: endpoints, error codes, members of responses, reasons, defaults."""
import re
import unittest

from document import DOCUMENT, ENDPOINTS, REPOSITORY, errors, fails, properties, resolve

SOURCES = {path: path.read_text() for path in (REPOSITORY / "Sources").rglob("*.swift")}
NGINX = {path.name: path.read_text() for path in (REPOSITORY / "nginx").glob("*.conf")}

COMMON = {"VALIDATION_FAILED", "UNAUTHORIZED", "SCOPE_DENIED", "METHOD_NOT_ALLOWED", "BODY_TOO_LARGE",
          "UNSUPPORTED_MEDIA_TYPE", "RATE_LIMITED", "INTERNAL", "BACKEND_UNAVAILABLE", "OVERLOADED",
          "SESSION_CHECK_FAILED", "BACKEND_TIMEOUT"}
OZON = {"OZON_UNAUTHORIZED", "PRODUCT_NOT_FOUND", "PRODUCT_CONFLICT", "OZON_UNAVAILABLE", "OZON_BAD_ANSWER",
        "OZON_METHOD_RETIRED", "OZON_TIMEOUT"}
STORAGE = {"STORAGE_UNAVAILABLE", "STORAGE_REFUSED", "STORAGE_TIMEOUT"}
BY_TOOLS = {
    "SigningTools": COMMON | {"PATH_NOT_ALLOWED"},
    "SignRequestTools": COMMON | {"PATH_NOT_ALLOWED", "OPERATION_NOT_ALLOWED"},
    "UploadTools": COMMON | {"PATH_NOT_ALLOWED"} | STORAGE,
    "PushTools": COMMON | OZON,
    # A failure of R2 affects only its image.
    "DownloadTools": COMMON | OZON | {"PATH_NOT_ALLOWED"},
}
"""The codes that an endpoint can return, by the dependencies that its `handle` gets."""

SHARED = ["Core/Fault.swift", "Core/FieldFault.swift", "Core/RequestPipeline.swift", "Ozon/PushResult.swift",
          "Uploads/SignedPart.swift", "R2Storage/StoredPart.swift", "JSON/JSONWriter.swift"]
"""The sources outside Sources/Endpoints that write members of the endpoints' responses."""


def source(name):
    return SOURCES[REPOSITORY / "Sources" / name]


def written(text):
    """The names of the members that Swift code writes."""
    return set(re.findall(r'\bmember\("([^"\\]+)"', text))


def own_sources(endpoint):
    folder = REPOSITORY / "Sources" / "Endpoints" / endpoint
    return "\n".join(text for path, text in SOURCES.items() if path.parent == folder)


class Sources(unittest.TestCase):
    maxDiff = None

    def test_every_executable_has_an_operation_at_its_route(self):
        routes = {}
        for path, text in SOURCES.items():
            if path.name == "main.swift":
                routes[path.parent.name] = re.match(r"// POST (\S+):", text)[1]
        self.assertEqual({name: operation.path for name, operation in ENDPOINTS.items()}, routes)

    def test_every_status_page_has_a_path_for_all_executables(self):
        pages = set(re.findall(r'^        case "(\w+)":', source("Core/StatusPage.swift"), re.M))
        paths = {path for path in DOCUMENT["paths"] if path.startswith("/ozon-r2/")}
        self.assertEqual(paths, {f"/ozon-r2/{{endpoint}}/{page}" for page in pages})
        for path in paths:
            names = DOCUMENT["paths"][path]["parameters"][0]["schema"]["enum"]
            self.assertEqual(sorted(names), sorted(ENDPOINTS), path)

    def test_the_error_codes_are_those_of_the_sources_and_of_nginx(self):
        table = re.findall(r'case \.\w+: \((\d+), "(\w+)", "(.*)"\)', source("Telemetry/ErrorCode.swift"))
        self.assertGreater(len(table), 20)
        expected = {row for row in table if row[0] != "499"}  # is only logged
        expected |= {(status, code, text) for status, text, code in
                     re.findall(r"^    (\d+) '\"error\":\"(.*?)\",\"code\":\"(\w+)\"", NGINX["maps.conf"], re.M)}
        expected |= {("503", code, text) for text, code in
                     re.findall(r"ozon_r2_fault '\"error\":\"(.*?)\",\"code\":\"(\w+)\"", NGINX["session-check.conf"])}
        unknown_page = re.search(r'"error", "(.*?)"\)\s*\$0.member\("code", "(\w+)"', source("Core/StatusPage.swift"))
        expected.add(("404", unknown_page[2], unknown_page[1]))
        documented = {(response["description"].split(":")[0], *error)
                      for response in DOCUMENT["components"]["responses"].values() for error in errors(response)}
        self.assertEqual(documented, expected)
        self.assertEqual(set(DOCUMENT["components"]["schemas"]["ErrorCode"]["enum"]), {row[1] for row in expected})

    def test_each_response_restricts_the_code_to_those_of_its_examples_and_is_used_for_its_status(self):
        for name, response in DOCUMENT["components"]["responses"].items():
            schema = response["content"]["application/json"]["schema"]
            codes = {code for code, _ in errors(response)}
            self.assertEqual(set(schema["properties"]["code"]["enum"]), codes, name)
        for path, methods in DOCUMENT["paths"].items():
            for operation in (methods.get("get"), methods.get("post")):
                for status, response in (operation or {"responses": {}})["responses"].items():
                    if status != "200":
                        self.assertTrue(resolve(response)["description"].startswith(f"{status}: "), (path, status))

    def test_each_endpoint_has_the_codes_that_its_dependencies_can_cause(self):
        for name, operation in ENDPOINTS.items():
            tools = re.search(r"_ tools: (\w+)\)", own_sources(name))[1]
            expected = set(BY_TOOLS[tools])
            if "Completion(" in own_sources(name):
                expected.add("UPLOAD_NOT_FOUND")
            self.assertEqual({code for _, code, _ in operation.errors}, expected, name)

    def test_the_members_of_responses_are_those_that_the_sources_write(self):
        shared = set().union(*(written(source(name)) for name in SHARED))
        documented = {"data"}
        for name, operation in ENDPOINTS.items():
            names = set(properties(operation.response)) | set(properties(DOCUMENT["components"]["schemas"]["Error"]))
            if "application/x-ndjson" in operation.responses[200]["content"]:
                names |= set(properties(DOCUMENT["components"]["schemas"]["DownloadLine"]))
            self.assertLessEqual(written(own_sources(name)), names | {"data"}, name)
            documented |= names
        own = set().union(*(written(own_sources(name)) for name in ENDPOINTS))
        self.assertEqual(documented, shared | own)

    def test_the_members_of_the_status_page_are_those_that_the_sources_write(self):
        report = source("Telemetry/StatusReport.swift")
        documented = set(properties(DOCUMENT["components"]["schemas"]["Status"]))
        documented |= set(properties(DOCUMENT["components"]["schemas"]["UpstreamCounts"]))
        self.assertEqual(documented, written(report))

    def test_every_reason_in_the_sources_is_documented(self):
        files = [text for path, text in SOURCES.items()
                 if path.parent.name in ("Core", "Uploads", "R2", "R2Storage", "Ozon", "Endpoints")
                 or path.parent.parent.name == "Endpoints"]
        texts = set()
        for text in files:
            calls = re.findall(r'\b(?:fail|bodyFault)\((?!FieldFault)[^"{}]*?(?:"\w+"[^"{}]*?)?"([^"]*)"\)', text)
            texts |= {literal for literal in calls if re.match(r"[A-Z]", literal)}
            if "FieldFault(" in text and "PictureReason" not in text:
                texts |= set(re.findall(r'reason: "([^"]*)"', text))
        self.assertGreater(len(texts), 15)
        for text in texts - {"must be a path, beginning with /"}:
            example = re.sub(r"\\\((?:[^()]|\([^()]*\))*\)", "1", text)
            example = {"Must be 1": "Must be a string", "Invalid path: 1": "Invalid path: is empty",
                       "Not allowed for 1": "Not allowed for PutObject"}.get(example, example)
            self.assertIsNone(fails({"$ref": "#/components/schemas/InvalidReason"}, example), text)
        for reason in re.findall(r'return "(.*?)"|reason: "(contains .*?)"', source("R2/ObjectKey.swift")):
            text = f"Invalid path: {''.join(reason)}"
            self.assertIsNone(fails({"$ref": "#/components/schemas/InvalidReason"}, text), text)

    def test_defaults_are_those_of_the_sources(self):
        everything = "\n".join(SOURCES.values())
        defaults = {name: value for name, value in
                    re.findall(r'fields\.bool\("(\w+)", default: (\w+)\)', everything)}
        defaults |= dict(re.findall(r'fields\.choice\(\s*"(\w+)", [^"]*?(?:\[[^]]*\])?[^"]*?default: "(\w+)"',
                                    everything))
        defaults |= dict.fromkeys(("expires_in", "expiresIn"), re.search(r"defaultLifetime = (\d+)", everything)[1])
        documented = {}
        for operation in ENDPOINTS.values():
            documented |= {name: str(schema["default"]).replace("True", "true").replace("False", "false")
                           for name, schema in properties(operation.request).items() if "default" in schema}
        self.assertEqual(documented, defaults)

    def test_a_body_may_have_as_many_bytes_as_the_sources_allow(self):
        for name, operation in ENDPOINTS.items():
            mebibytes = re.search(r"maxBodyBytes: (\d+) << 20", own_sources(name))
            limit = f"At most {mebibytes[1] if mebibytes else 1} MiB"
            self.assertTrue(operation.definition["requestBody"]["description"].startswith(limit), name)

    def test_every_example_fits_its_schema(self):
        for name, operation in ENDPOINTS.items():
            for body in operation.examples:
                self.assertIsNone(fails(operation.request, body), name)
            for status, response in operation.responses.items():
                content = response["content"]["application/json"]
                for example in content["examples"].values():
                    self.assertIsNone(fails(content["schema"], example["value"]), (name, status))

        def walk(schema, place):
            for example in schema.get("examples", []) if isinstance(schema.get("examples"), list) else []:
                self.assertIsNone(fails(schema, example), place)
            for key, value in schema.items():
                if isinstance(value, dict) and key not in ("examples", "value"):
                    walk(value, f"{place}/{key}")
        walk(DOCUMENT["components"]["schemas"], "")
