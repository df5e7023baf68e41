"""Asks for the values that an installation needs, and writes them: settings, secrets, origins, a caller's key."""

import pathlib
import re
import secrets
import signal
from urllib.parse import urlsplit

from installation import processes, routes
from installation.files import write_all
from installation.processes import Failure
from installation.questions import ORIGIN, SECRETS, SETTINGS, ask
from privileges import SIGNALS
from settings import INSTALLED, read_settings

# Longer keys do not fit into a map's buckets of 64 bytes, nginx's default on most processors.
LONGEST_ORIGIN = 46


def secret_file(name: str) -> pathlib.Path:
    return INSTALLED / "secrets" / name.lower().replace("_", "-")


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
    try:
        files = contents()
    except KeyboardInterrupt:
        print()
        raise Failure("interrupted; nothing has been changed", 130) from None
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{error}; nothing has been changed") from None
    # Ctrl-C takes effect when all files have been written.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        write_all(files)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    report()


def contents() -> dict[pathlib.Path, tuple[str, int]]:
    """The new content and mode of each file, from the answers."""
    environment = INSTALLED / "environment"
    try:
        known = read_settings(str(environment), allow_export=False)
    except ValueError as error:
        raise Failure(f"{environment}: {error}", 78) from None
    answers = {name: ask(name, what, known.get(name, ""), False) for name, what in SETTINGS.items()}
    files = {}
    for name, what in SECRETS.items():
        present = secret_file(name).read_text(errors="replace").strip() if secret_file(name).exists() else ""
        files[secret_file(name)] = (ask(name, what, present, True) + "\n", 0o600)
    origins = known_origins()
    what = "origin of the pages, such as https://imagestudio.example.com"
    origin = ask("ORIGIN", what, origins[0] if origins else "", False)
    check(answers)
    api_keys = secret_file("API_KEYS")
    if not api_keys.exists() or not api_keys.read_bytes().strip():
        files[api_keys] = (secrets.token_urlsafe(32) + "\n", 0o600)
    files[environment] = (with_settings(environment.read_text(), answers), 0o644)
    if origin not in origins:
        files[INSTALLED / "origins"] = (with_lines("origins", {origin: "$http_origin"}), 0o644)
    public = urlsplit(answers["R2_PUBLIC_BASE"])
    hosts = {"bucket": answers["R2_ENDPOINT_URL"].rstrip("/"), "public": f"{public.scheme}://{public.netloc}"}
    files[INSTALLED / "hosts"] = (with_lines("hosts", hosts), 0o644)
    return files


def check(answers: dict[str, str]) -> None:
    """Lets an installed executable check the settings before anything is written."""
    name = next((name for name in processes.installed() if name.startswith("r2-")), "")
    if name:
        stand_ins = {"R2_ACCESS_KEY_ID": "x", "R2_SECRET_ACCESS_KEY": "x", "API_KEYS": "x"}
        done = processes.run(str(processes.LIBRARY / name), "--check", env={**stand_ins, **answers}, stderr=-2)
        if done.returncode:
            raise Failure(f"{done.stdout.strip().replace(f'{name}: ', '')}\nnothing has been changed", 78)


def report() -> None:
    names = processes.installed()
    print(f"The settings are in {INSTALLED}/environment, the caller's key is in {secret_file('API_KEYS')}.")
    faults = {name: texts for name in names if (texts := processes.setting_faults(name))}
    if faults:
        print(f"Still wrong:\n{processes.describe_faults(faults)}")
    print("nginx needs these two lines, the first in http {}, the second in your server {}:")
    print(f"    {routes.HTTP}\n    {routes.SERVER}")
    if max(map(len, known_origins()), default=0) > LONGEST_ORIGIN:
        print(f"An origin of over {LONGEST_ORIGIN} characters needs map_hash_bucket_size 128; in http {{}}, before the")
        print("first map and before the first of these lines.")
    print("Next: ozon-r2 start --all; nginx -t && systemctl reload nginx; ozon-r2 check.")
