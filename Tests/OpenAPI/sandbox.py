"""A test case with a sandbox of its own, whose responses must be as the document says.

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
HEADERS = {name: resolve(header) for name, header in DOCUMENT["components"]["headers"].items()}
ORIGIN = "http://localhost:5173"
"""The origin of the page that sends the requests, which the sandbox allows."""

COMMON = dict(re.findall(r"`([A-Z][\w-]+): ([^`]+)`", DOCUMENT["info"]["description"]))
"""The headers of all responses of the executables."""


class SandboxTest(unittest.TestCase):
    SETTINGS = ["OZON_PUSH_TIMEOUT=5"]

    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="openapi-")
        cls.addClassCleanup(shutil.rmtree, cls.dir, ignore_errors=True)
        cls.addClassCleanup(subprocess.run, [STACK, "stop", cls.dir], stdout=subprocess.DEVNULL)
        subprocess.run([STACK, "start", cls.dir, *cls.SETTINGS], check=True, stdout=subprocess.DEVNULL)
        lines = pathlib.Path(cls.dir, "env").read_text().splitlines()
        cls.env = dict(line.split("=", 1) for line in lines)
        cls.connection = cls.connect()
        cls.addClassCleanup(cls.connection.close)

    @classmethod
    def connect(cls):
        return http.client.HTTPConnection(urllib.parse.urlsplit(cls.env["URL"]).netloc, timeout=60)

    def send(self, path, body, headers=None, method="POST"):
        """The response to a request, and its body. A header whose value is None is not sent."""
        sent = {"Content-Type": "application/json", "X-API-Key": self.env["API_KEY"], "Origin": ORIGIN,
                **(headers or {})}
        self.connection.request(method, path, json.dumps(body) if isinstance(body, dict) else body,
                                {name: value for name, value in sent.items() if value is not None})
        response = self.connection.getresponse()
        return response, response.read()

    def post(self, operation, body, headers=None, method="POST", path=None):
        """The status and the body of a response, after checking that the document has them and the headers. The body
        of a stream is the list of its lines."""
        response, content = self.send(path or operation.path, body, headers, method)
        self.assertIn(response.status, operation.responses, content[:500])
        documented = operation.responses[response.status]
        is_endpoint = operation in ENDPOINTS.values()
        self.check_headers(documented["headers"], response.headers, is_endpoint)
        if is_endpoint:
            self.assertEqual({name: response.headers[name] for name in COMMON}, COMMON)
        media_type = response.headers["Content-Type"].partition(";")[0]
        schema = documented["content"][media_type]["schema"]
        if "contentSchema" in schema:
            lines = [json.loads(line) for line in content.splitlines() if line]
            for line in lines:
                self.assertIsNone(fails(schema["contentSchema"], line), line)
            return response.status, lines
        answer = json.loads(content) if media_type == "application/json" else content.decode()
        self.assertIsNone(fails(schema, answer), (operation.path, body))
        return response.status, answer

    def check_headers(self, documented, headers, is_endpoint):
        """Those that the document requires, and none that it has only for other responses. That for CORS is required in
        the responses of endpoints; pages of nginx have it too."""
        for name, header in HEADERS.items():
            value = headers[name]
            if name in documented and (is_endpoint or header.get("required")):
                self.assertIsNotNone(value, name)
            if value is not None:
                self.assertIn(name, documented)
                value = int(value) if header["schema"]["type"] == "integer" else value
                self.assertIsNone(fails(header["schema"], value), (name, value))
        self.assertIn(headers["Access-Control-Allow-Origin"], (ORIGIN, None))
