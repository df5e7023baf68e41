"""Shared by the tests with the second store: calls through nginx, and requests to the store exactly as given."""

import http.client
import json
import os
import pathlib
import re
import subprocess
import time
import unittest
from urllib.parse import urlsplit

STACK = pathlib.Path(os.environ["STACK"])
SETTINGS = dict(line.split("=", 1) for line in (STACK / "handler.env").read_text().splitlines())
NGINX = next(line[4:] for line in (STACK / "env").read_text().splitlines() if line.startswith("URL="))
CEPH = int(re.search(r"version (\d+)", subprocess.check_output(["radosgw", "--version"], text=True))[1])


class Response:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


def send(method, url, headers=None, body=None):
    """One HTTP request. The target is sent as it is in the URL, and only Host and Content-Length are added."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    target = url[len(f"{parts.scheme}://{parts.netloc}"):]
    connection.putrequest(method, target, skip_accept_encoding=True)
    if body is not None or method in ("PUT", "POST"):
        connection.putheader("Content-Length", str(len(body or b"")))
    for name, value in (headers or {}).items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    response = Response(answer.status, answer.headers, answer.read())
    connection.close()
    return response


class StoreTest(unittest.TestCase):
    def post(self, path, members):
        headers = {"Content-Type": "application/json", "X-API-Key": SETTINGS["API_KEYS"]}
        return send("POST", f"{NGINX}/api/v1/{path}", headers, json.dumps(members).encode())

    def call(self, path, members):
        """The response of an endpoint, which must have status 200."""
        response = self.post(path, members)
        self.assertEqual(response.status, 200, response.body)
        return response.json

    def presign(self, path, **members):
        return self.call("r2/presigned-url", {"r2_path": path, **members})

    def sign(self, method, key, **members):
        return self.call("r2/sign-request", {"method": method, "key": key, **members})

    def presign_with(self, path, **settings):
        """A URL from an executable with other settings, run as a CGI program."""
        body = json.dumps({"r2_path": path}).encode()
        request = {
            "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)), "HTTP_X_API_KEY": SETTINGS["API_KEYS"],
        }
        ended = subprocess.run(
            [os.path.join(os.environ["BIN"], "r2-presigned-url")], env={**SETTINGS, **settings, **request}, input=body,
            capture_output=True, timeout=60, check=True)
        return json.loads(ended.stdout.partition(b"\r\n\r\n")[2])["upload_url"]

    def put(self, signed, body):
        response = send("PUT", signed["upload_url"], signed.get("headers"), body)
        self.assertEqual(response.status, 200, response.body)
        return response.headers["ETag"]

    def expect_refused(self, response, code=None):
        self.assertEqual(response.status, 403, response.body)
        if code:
            self.assertIn(f"<Code>{code}</Code>".encode(), response.body)

    def expect_stored(self, url, body, media_type=None, etag=None):
        """The object at this public URL has these bytes, and this type and ETag if they are given."""
        response = send("GET", url)
        self.assertEqual(response.status, 200, f"{url}: {response.body[:300]}")
        self.assertTrue(response.body == body, f"{url}: {len(response.body)} other bytes")
        if media_type:
            self.assertEqual(response.headers["Content-Type"], media_type)
        if etag:
            self.assertEqual(response.headers["ETag"], f'"{etag}"')

    def expect_absent(self, url):
        self.assertEqual(send("GET", url).status, 404, url)

    def eventually(self, text, condition, seconds=20):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"not true within {seconds} s: {text}")
            time.sleep(0.1)
