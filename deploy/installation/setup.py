"""Asks for the values that an installation needs, and writes them: settings, secrets, origins, a caller's key."""

import getpass
import os
import pathlib
import re
import secrets
import sys
import tempfile
from urllib.parse import urlsplit

from installation import processes, routes
from installation.processes import Failure
from settings import INSTALLED, read_settings

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


def secret_file(name: str) -> pathlib.Path:
    return INSTALLED / "secrets" / name.lower().replace("_", "-")


def write(path: pathlib.Path, text: str, mode: int) -> None:
    """Replaces the file as a whole, so that a failure leaves the old one."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(descriptor, mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def ask(name: str, what: str, present: str, is_secret: bool) -> str:
    """The environment variable, or the answer. An empty answer is the present value."""
    if name in os.environ:
        answer = os.environ[name]
    else:
        shown = "unchanged" if is_secret else present
        question = f"{name}: {what}" + (f" [{shown}]" if present else "") + ": "
        answer = read_line(question, is_secret)
    answer = answer.strip() or present
    if not answer or not re.fullmatch("[!-~]+", answer):
        fault = "contains invalid characters" if answer else "is missing"
        raise Failure(f"{name} {fault}; nothing has been changed", 78)
    return answer


def read_line(question: str, is_secret: bool) -> str:
    try:
        if is_secret and sys.stdin.isatty():
            return getpass.getpass(question)
        print(question, end="" if sys.stdin.isatty() else "\n", flush=True)
        return sys.stdin.readline()
    except EOFError:  # Ctrl-D
        return ""
    except UnicodeDecodeError:
        return "\ufffd"  # an invalid character


def with_settings(text: str, values: dict[str, str]) -> str:
    """Sets each value in the last line that has the setting, or else in place of its comment, or at the end."""
    lines = text.splitlines()
    for name, value in values.items():
        places = [at for at, line in enumerate(lines) if re.match(rf"\s*{name}=", line)]
        places = places or [at for at, line in enumerate(lines) if line.startswith(f"#{name}=")]
        if places:
            lines[places[-1]] = f"{name}={value}"
        else:
            lines.append(f"{name}={value}")
    return "\n".join(lines) + "\n"


def known_origins() -> list[str]:
    file = INSTALLED / "origins"
    found = re.findall(rf'^\s*"?({ORIGIN})"?\s', file.read_text(), re.MULTILINE) if file.exists() else []
    return [origin.lower() for origin in found]


def with_lines(file: str, entries: dict[str, str]) -> str:
    """The file of lines "key value;" for a map of nginx, with these entries; its other lines are kept."""
    path = INSTALLED / file
    lines = path.read_text().splitlines() if path.exists() else []
    for key, value in entries.items():
        places = [at for at, line in enumerate(lines) if re.match(rf"\s*{re.escape(key)}\s", line)]
        if places:
            lines[places[0]] = f"{key} {value};"
        else:
            lines.append(f"{key} {value};")
    return "\n".join(lines) + "\n"


def setup() -> None:
    environment = INSTALLED / "environment"
    try:
        known = read_settings(str(environment), allow_export=False)
    except (OSError, ValueError) as error:
        raise Failure(f"{environment}: {error}", 78) from None
    answers = {name: ask(name, what, known.get(name, ""), False) for name, what in SETTINGS.items()}
    keys = {
        name: ask(name, what, secret_file(name).read_text().strip() if secret_file(name).exists() else "", True)
        for name, what in SECRETS.items()
    }
    old_origins = known_origins()
    present = old_origins[0] if old_origins else ""
    origin = ask("ORIGIN", "origin of the pages, such as https://imagestudio.example.com", present, False)
    # As browsers send it. nginx rejects a map with two entries that differ only in case.
    origin = origin.removesuffix("/").lower()
    check({**answers, "ORIGIN": origin})
    for name, value in keys.items():
        write(secret_file(name), value + "\n", 0o600)
    api_keys = secret_file("API_KEYS")
    if not api_keys.exists() or not api_keys.read_text().strip():
        write(api_keys, secrets.token_urlsafe(32) + "\n", 0o600)
    write(environment, with_settings(environment.read_text(), answers), 0o644)
    if origin not in old_origins:
        write(INSTALLED / "origins", with_lines("origins", {origin: "$http_origin"}), 0o644)
    public = urlsplit(answers["R2_PUBLIC_BASE"])
    hosts = {"bucket": answers["R2_ENDPOINT_URL"].rstrip("/"), "public": f"{public.scheme}://{public.netloc}"}
    write(INSTALLED / "hosts", with_lines("hosts", hosts), 0o644)
    report(api_keys)


def check(answers: dict[str, str]) -> None:
    """Checks the answers before anything is written, also by an installed executable."""
    for name, answer in answers.items():
        if not re.fullmatch(PATTERNS[name], answer) or not (name == "R2_BUCKET_NAME" or is_url(answer)):
            raise Failure(f"{name} must be {FORMS[name]}; nothing has been changed", 78)
    name = next((name for name in processes.installed() if name.startswith("r2-")), "")
    if name:
        stand_ins = {"R2_ACCESS_KEY_ID": "x", "R2_SECRET_ACCESS_KEY": "x", "API_KEYS": "x"}
        done = processes.run(str(processes.LIBRARY / name), "--check", env={**stand_ins, **answers}, stderr=-2)
        if done.returncode:
            raise Failure(f"{done.stdout.strip().replace(f'{name}: ', '')}\nnothing has been changed", 78)


def is_url(text: str) -> bool:
    """Whether a text of the right pattern has a valid address and port too."""
    try:
        return urlsplit(text).port != 0
    except ValueError:
        return False


def report(api_keys: pathlib.Path) -> None:
    names = processes.installed()
    print(f"The settings are in {INSTALLED}/environment, the caller's key is in {api_keys}.")
    faults = {name: texts for name in names if (texts := processes.setting_faults(name))}
    if faults:
        print(f"Still wrong:\n{processes.describe_faults(faults)}")
    print("nginx needs these two lines, the first in http {}, the second in your server {}:")
    print(f"    {routes.HTTP}\n    {routes.SERVER}")
    print("Next: ozon-r2 start --all; nginx -t && systemctl reload nginx; ozon-r2 check.")
