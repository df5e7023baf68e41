"""Each endpoint returns each documented code for the requests or failures that cause it, with the documented headers
and body."""
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

from document import DOCUMENT, ENDPOINTS, REPOSITORY, Operation
from sandbox import SandboxTest

PAGES = [Operation(path.replace("{endpoint}", name), methods["get"])
         for path, methods in DOCUMENT["paths"].items() if "get" in methods for name in ENDPOINTS]
OTHERS = {"INTERNAL", "STORAGE_TIMEOUT", "BACKEND_TIMEOUT", "SESSION_CHECK_FAILED", "FORBIDDEN"}
"""The codes that the sandbox can't cause, or not within seconds: a fault of the executables, no answer for half a
minute, a failure of a site's application, a caller on another machine. Nor can it cause nginx's RATE_LIMITED, and
OVERLOADED only where a stand-in's response can be slow."""

SCOPES = {
    "elsewhere": (["elsewhere/"], ["*"]),
    **{f"not-{name}": (["users/"], sorted(set(ENDPOINTS) - {name})) for name in ENDPOINTS}
}
"""Keys with a scope: its prefixes and its endpoints."""

FOR_ALL = [
    (400, b"{", {}, "POST"),
    (401, b"{}", {"X-API-Key": "wrong"}, "POST"),
    (405, None, {}, "GET"),
    (413, b" " * (4 << 20) + b"{}", {}, "POST"),
    (413, b" " * (8 << 20) + b"{}", {}, "POST"),
    (415, b"{}", {"Content-Type": "text/plain"}, "POST"),
]
"""Requests that every endpoint rejects: the status, the body, the headers and the method. nginx rejects the larger body
itself."""

SELLER = {
    "invalid-key": 403, "not-found": 404, "conflict": 409, "rate-limited-long": 429, "internal": 502, "html-200": 502,
    "retired": 502, "stall": 504,
}
"""The status for the keys with which the stand-in for Ozon fails."""


class Responses(SandboxTest):
    SETTINGS = ["OZON_TIMEOUT=1", "OZON_PUSH_TIMEOUT=2", "MAX_IN_FLIGHT=2"]

    @classmethod
    def setUpClass(cls):
        file = tempfile.NamedTemporaryFile("w", prefix="openapi-")
        cls.addClassCleanup(file.close)
        json.dump([{"id": key, "sha256": hashlib.sha256(key.encode()).hexdigest(), "prefixes": prefixes,
                    "endpoints": endpoints} for key, (prefixes, endpoints) in SCOPES.items()], file)
        file.flush()
        cls.SETTINGS = [*cls.SETTINGS, f"API_KEY_SCOPES_FILE={file.name}"]
        super().setUpClass()

    def setUp(self):
        self.caused = set()

    def examine(self, operation, expected, *request, **options):
        """The body of the response to a request, which must have the status `expected`."""
        status, answer = self.post(operation, *request, **options)
        self.assertEqual(status, expected, answer)
        if status != 200:
            self.caused.add((operation.path, answer["code"]))
        return answer

    def test_every_code_of_every_endpoint_has_the_documented_headers_and_body(self):
        for name, operation in ENDPOINTS.items():
            for status, body, headers, method in FOR_ALL:
                with self.subTest(operation.path, status=status):
                    self.examine(operation, status, body, headers, method)
            self.examine(operation, 403, b"{}", {"X-API-Key": f"not-{name}"})
            self.examine_paths(operation)
            self.examine_the_seller(operation)
            self.examine_the_examples(operation)
        self.examine_an_upload()
        self.examine_a_push()
        self.examine(ENDPOINTS["r2-sign-request"], 403, {"method": "DELETE", "key": "users/test-user/1.jpg"})
        self.examine_the_pages()
        self.examine_an_overload(ENDPOINTS["ozon-download"])
        self.examine_failures_of_processes()
        expected = {(operation.path, code) for operation in [*ENDPOINTS.values(), *PAGES]
                    for _, code, _ in operation.errors}
        others = {(path, code) for path, code in expected if code in OTHERS or
                  code == "OVERLOADED" and path != ENDPOINTS["ozon-download"].path or
                  code == "RATE_LIMITED" and "/ozon/" not in path}
        self.assertEqual(self.caused, expected - others)

    def examine_paths(self, operation):
        body = operation.examples[-1]
        if "credential" not in body or "articles" in body:
            self.examine(operation, 403, body, {"X-API-Key": "elsewhere"})
        if "STORAGE_REFUSED" in {code for _, code, _ in operation.errors}:
            # The S3 server of the sandbox refuses the path of a new upload and the ID of another one.
            self.examine(operation, 502, {**body, "r2_path": "users/".ljust(1024, "a"), "upload_id": "\U0001f600"})

    def examine_the_seller(self, operation):
        body = operation.examples[0]
        for key, status in SELLER.items() if "credential" in body else ():
            with self.subTest(operation.path, key=key):
                self.examine(operation, status, {**body, "credential": {"client_id": "700001", "api_key": key}})

    def examine_the_examples(self, operation):
        # The sandbox has neither the product nor the upload of these examples.
        status = 404 if operation.path.endswith(("/push-images", "/complete")) else 200
        for body in operation.examples:
            with self.subTest(operation.path, body=body):
                self.examine(operation, status, body)

    def examine_an_upload(self):
        path = {"r2_path": "users/test-user/responses.jpg"}
        created = self.examine(ENDPOINTS["r2-multipart-create"], 200, {**path, "size": 3})["data"]
        subprocess.run(["curl", "-sf", "-o", "/dev/null", "-T", "-", created["parts"][0]["upload_url"]], input=b"abc",
                       check=True)
        call = {**path, "upload_id": created["upload_id"], "size": 3}
        self.examine(ENDPOINTS["r2-multipart-resume"], 200, call)
        self.examine(ENDPOINTS["r2-multipart-complete"], 200, call)

    def examine_a_push(self):
        credential = {"client_id": "700003", "api_key": "any"}
        push = {"credential": credential, "product_id": 123, "images": ["https://example.com/1.jpg", "ftp://2"],
                "on_invalid": "skip"}
        pushed = self.examine(ENDPOINTS["ozon-push-images"], 200, push)["data"]
        self.examine(ENDPOINTS["ozon-push-status"], 200, {**push, "task_id": pushed["task_id"]})

    def examine_the_pages(self):
        for page in PAGES:
            with self.subTest(page.path):
                self.examine(page, 200, None, method="GET")
                self.examine(page, 405, b"")
                for path in (f"{page.path}x", page.path.replace("/ozon-r2/", "/ozon-r2/no-")):
                    self.examine(page, 404, None, method="GET", path=path)

    def examine_an_overload(self, operation):
        """Two requests are all that one process may have in progress, and these wait for an image that stalls."""
        copy = json.dumps({**operation.examples[-1], "articles": ["FAULT-IMG-STALL"]})
        waiting = [self.connect() for _ in range(2)]
        for connection in waiting:
            connection.request("POST", operation.path, copy, {
                "Content-Type": "application/json", "X-API-Key": self.env["API_KEY"]})
        deadline = time.monotonic() + 8
        while self.send(operation.path, b"{}")[0].status != 503:
            self.assertLess(time.monotonic(), deadline)
        self.examine(operation, 503, b"{}")
        for connection in waiting:
            connection.close()

    def examine_failures_of_processes(self):
        """R2 and then all executables end."""
        subprocess.run([REPOSITORY / "deploy/sandbox/s3-server", "stop", f"{self.dir}/s3"], check=True,
                       stdout=subprocess.DEVNULL)
        for operation in ENDPOINTS.values():
            if "STORAGE_UNAVAILABLE" in {code for _, code, _ in operation.errors}:
                self.examine(operation, 502, operation.examples[0])
        for line in pathlib.Path(self.dir, "pids").read_text().splitlines():
            pid, _, name = line.split()
            if name in ENDPOINTS:
                os.kill(int(pid), signal.SIGKILL)
        for operation in ENDPOINTS.values():
            self.examine(operation, 502, operation.examples[0])
        for page in PAGES:
            self.examine(page, 502, None, method="GET")
