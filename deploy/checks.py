"""Shared by check-ozon and check-r2: HTTP requests and the report of the checks."""

import hashlib
import hmac
import http.client
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from urllib.parse import urlsplit

LARGEST = 16 << 20


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Reports a redirect as it is, so that credentials are only sent to the host in the settings."""

    def redirect_request(self, *_):
        return None


opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect)


@dataclass
class Response:
    """`status` is 0 if there was no response; `error` then states why."""

    status: int
    headers: Message
    body: bytes = b""
    error: str = ""


def send(method: str, url: str, headers: dict[str, str], body: "bytes | None" = None, timeout: int = 20) -> Response:
    """One HTTP request. Reads at most 16 MiB of the response's body."""
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with opener.open(request, timeout=timeout) as response:
            return Response(response.status, response.headers, response.read(LARGEST))
    except urllib.error.HTTPError as error:
        return Response(error.code, error.headers, error.read(LARGEST))
    except (OSError, ValueError, http.client.HTTPException) as error:
        return Response(0, Message(), error=str(getattr(error, "reason", error)) or type(error).__name__)


def send_signed(method: str, url: str, access_key: str, secret_key: str) -> Response:
    """A request to R2, signed in its headers with AWS Signature Version 4. Path and query must be in canonical form."""
    parts = urlsplit(url)
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{moment[:8]}/auto/s3/aws4_request"
    headers = {"host": parts.netloc, "x-amz-content-sha256": "UNSIGNED-PAYLOAD", "x-amz-date": moment}
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = "\n".join([method, parts.path, parts.query, lines, names, "UNSIGNED-PAYLOAD"])
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret_key).encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return send(method, url, headers)


class Report:
    """Prints one line per check. Removes `secrets` from the description of a failure."""

    def __init__(self, secrets: tuple[str, ...] = ()):
        self.secrets, self.failed = secrets, False

    def ok(self, name: str, text: str) -> None:
        print(f"ok      {name:<9} {text}")

    def fail(self, name: str, text: str, advice: str) -> None:
        print(f"FAILED  {name:<9} {self.scrub(text)}\n        {'':<9} -> {advice}")
        self.failed = True

    def scrub(self, text: str) -> str:
        for secret in filter(None, self.secrets):
            text = text.replace(secret, "***")
        return text
