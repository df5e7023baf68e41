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
        if is_secret and sys.stdin.isatty():
            answer = getpass.getpass(question)
        else:
            print(question, end="" if sys.stdin.isatty() else "\n", flush=True)
            answer = sys.stdin.readline()
    answer = answer.strip() or present
    if not answer or not re.fullmatch("[!-~]+", answer):
        fault = "contains invalid characters" if answer else "is missing"
        raise Failure(f"{name} {fault}; nothing has been changed", 78)
    return answer


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


def setup() -> None:
    environment, origins = INSTALLED / "environment", INSTALLED / "origins"
    try:
        known = read_settings(str(environment))
    except (OSError, ValueError) as error:
        raise Failure(f"{environment}: {error}", 78) from None
    answers = {name: ask(name, what, known.get(name, ""), False) for name, what in SETTINGS.items()}
    keys = {
        name: ask(name, what, secret_file(name).read_text().strip() if secret_file(name).exists() else "", True)
        for name, what in SECRETS.items()
    }
    old_origins = re.findall(f"^({ORIGIN})", origins.read_text(), re.MULTILINE) if origins.exists() else []
    present = old_origins[0] if old_origins else ""
    origin = ask("ORIGIN", "origin of the pages, such as https://imagestudio.example.com", present, False)
    if not re.fullmatch(ORIGIN, origin):
        raise Failure("ORIGIN must be scheme, host and port only, as in https://host; nothing has been changed", 78)
    check(answers)
    for name, value in keys.items():
        write(secret_file(name), value + "\n", 0o600)
    api_keys = secret_file("API_KEYS")
    if not api_keys.exists() or not api_keys.read_text().strip():
        write(api_keys, secrets.token_urlsafe(32) + "\n", 0o600)
    write(environment, with_settings(environment.read_text(), answers), 0o644)
    if origin not in old_origins:
        kept = origins.read_text() if origins.exists() else ""
        write(origins, f"{kept}{origin} $http_origin;\n", 0o644)
    public = urlsplit(answers["R2_PUBLIC_BASE"])
    hosts = f"bucket {answers['R2_ENDPOINT_URL'].rstrip('/')};\npublic {public.scheme}://{public.netloc};\n"
    write(INSTALLED / "hosts", hosts, 0o644)
    report(api_keys)


def check(answers: dict[str, str]) -> None:
    """Lets an installed executable check the answers before anything is written."""
    name = next((name for name in processes.installed() if name.startswith("r2-")), "")
    if name:
        stand_ins = {"R2_ACCESS_KEY_ID": "x", "R2_SECRET_ACCESS_KEY": "x", "API_KEYS": "x"}
        done = processes.run(str(processes.LIBRARY / name), "--check", env={**stand_ins, **answers}, stderr=-2)
        if done.returncode:
            raise Failure(f"{done.stdout.strip().replace(f'{name}: ', '')}\nnothing has been changed", 78)
    for part in ("R2_ENDPOINT_URL", "R2_PUBLIC_BASE"):
        if not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?", answers[part]):
            raise Failure(f"{part} is not a URL; nothing has been changed", 78)


def report(api_keys: pathlib.Path) -> None:
    names = processes.installed()
    print(f"The settings are in {INSTALLED}/environment, the caller's key is in {api_keys}.")
    faults = {name: texts for name in names if (texts := processes.setting_faults(name))}
    if faults:
        print(f"Still wrong:\n{processes.describe_faults(faults)}")
    print("nginx needs these two lines, the first in http {}, the second in your server {}:")
    print(f"    {routes.HTTP}\n    {routes.SERVER}")
    print("Next: ozon-r2 start --all, then ozon-r2 check.")
