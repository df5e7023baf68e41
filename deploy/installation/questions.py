"""The questions of setup, on a terminal or as lines of standard input, and which answers are wrong."""

import getpass
import os
import re
import sys
from urllib.parse import urlsplit

from installation.processes import Failure

SETTINGS = {
    "R2_ENDPOINT_URL": "S3 endpoint of the account, https://<account-id>.r2.cloudflarestorage.com",
    "R2_BUCKET_NAME": "name of the bucket",
    "R2_PUBLIC_BASE": "public URL of the bucket, such as https://images.example.com",
}
SECRETS = {
    "R2_ACCESS_KEY_ID": "access key ID of an R2 API token with Object Read & Write for the bucket",
    "R2_SECRET_ACCESS_KEY": "secret access key of that token",
}
ORIGIN = r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?"
PATTERNS = {
    "R2_ENDPOINT_URL": r"https?://[A-Za-z0-9.:\[\]-]+/?",
    "R2_BUCKET_NAME": "[a-z0-9.-]{3,63}",
    "R2_PUBLIC_BASE": r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?",
    "ORIGIN": ORIGIN,
}
FORMS = {
    "R2_ENDPOINT_URL": "https://<account-id>.r2.cloudflarestorage.com, without the bucket's name",
    "R2_BUCKET_NAME": "the name of a bucket",
    "R2_PUBLIC_BASE": "a URL",
    "ORIGIN": "scheme, host and port only, as in https://host",
}


def ask(name: str, what: str, present: str, is_secret: bool) -> str:
    """The environment variable, or the answer. An empty answer is the present value. Asks again on a terminal if the
    answer is wrong.
    """
    shown = "unchanged" if is_secret else present
    question = f"{name}: {what}" + (f" [{shown}]" if present else "") + ": "
    while True:
        answer = os.environ[name] if name in os.environ else read_line(name, question, is_secret)
        answer = answer.strip() or present
        if name == "ORIGIN":
            # As browsers send it. nginx rejects a map with two entries that differ only in case.
            answer = answer.removesuffix("/").lower()
        fault = fault_of(name, answer)
        if not fault:
            return answer
        if name in os.environ or not sys.stdin.isatty():
            raise Failure(f"{name} {fault}; nothing has been changed", 78)
        print(f"{name} {fault}")


def fault_of(name: str, answer: str) -> str:
    if not answer:
        return "is missing"
    if not re.fullmatch("[!-~]+", answer):
        return "contains invalid characters"
    if name in PATTERNS and not (re.fullmatch(PATTERNS[name], answer) and (name == "R2_BUCKET_NAME" or is_url(answer))):
        return f"must be {FORMS[name]}"
    return ""


def is_url(text: str) -> bool:
    """Whether a text of the right pattern has a valid address and port too."""
    try:
        return urlsplit(text).port != 0
    except ValueError:
        return False


def read_line(name: str, question: str, is_secret: bool) -> str:
    """A line, which may be empty. Ctrl-D on a terminal is a failure; other input that has ended is an empty line."""
    try:
        if is_secret and sys.stdin.isatty():
            return getpass.getpass(question)
        print(question, end="" if sys.stdin.isatty() else "\n", flush=True)
        line = sys.stdin.readline()
        if not line and sys.stdin.isatty():
            raise EOFError
        return line
    except EOFError:
        print()
        raise Failure(f"the input ended at {name}; nothing has been changed") from None
    except UnicodeDecodeError:
        return "\ufffd"  # an invalid character
