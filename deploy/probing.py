"""Checks that an endpoint answers on a unix socket, with a request that calls neither Ozon nor R2."""

import json
import secrets
import time

from fastcgi import NoResponse, request


def probe_once(path: str) -> int:
    identifier = f"probe-{secrets.token_hex(8)}"
    parameters = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": "0"}
    response = request(path, {**parameters, "REQUEST_ID": identifier})
    if not response.status.startswith("Status: 401"):
        raise NoResponse(f"{response.status[:100]!r} instead of 'Status: 401'")
    if f"x-request-id: {identifier}" not in [line.lower() for line in response.headers]:
        raise NoResponse("its X-Request-Id is not the one of the request")
    try:
        code = json.loads(response.body)["code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        code = None
    if code != "UNAUTHORIZED":
        raise NoResponse("its 401 does not have the code UNAUTHORIZED")
    return response.listener


def probe(path: str, seconds: float = 0) -> int:
    """Sends a request, and then four a second for `seconds` seconds. Returns the process that called listen(2).

    Raises fastcgi.NoResponse at the first wrong response.
    """
    until = time.monotonic() + seconds
    listener = probe_once(path)
    while time.monotonic() < until:
        time.sleep(0.25)
        probe_once(path)
    return listener
