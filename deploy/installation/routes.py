"""The part of nginx: the locations of the started endpoints.

nginx is reloaded only after nginx -t, and only if a snippet has changed: /var/lib/ozon-r2 has the checksums of the
snippets at the last reload.
"""

import contextlib
import hashlib
import pathlib
import re
import time

from installation.processes import Failure, run, say, systemctl

SNIPPETS = pathlib.Path("/etc/nginx/ozon-r2")
STATE = pathlib.Path("/var/lib/ozon-r2")
HTTP, SERVER = "include ozon-r2/http.conf;", "include ozon-r2/routes.conf;"


def included() -> "set[str] | None":
    """The files of nginx's configuration; None if nginx rejects it."""
    done = run("nginx", "-T", "-q")
    return set(re.findall("^# configuration file (.+):$", done.stdout, re.MULTILINE)) if done.returncode == 0 else None


def link(name: str) -> pathlib.Path:
    return SNIPPETS / "locations" / f"{name}.conf"


def reload_nginx() -> bool:
    """Reloads nginx if it runs. False if it rejects its configuration; nginx -t has printed why."""
    if run("nginx", "-t", "-q").returncode:
        return False
    return not systemctl("is-active", "nginx.service") or systemctl("reload", "nginx.service")


def reload_if_changed(key: str, files: list[pathlib.Path]) -> bool:
    checksum = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    state = STATE / key
    if state.exists() and state.read_text() == checksum:
        return True
    if not reload_nginx():
        return False
    STATE.mkdir(exist_ok=True)
    state.write_text(checksum)
    return True


def reload_common() -> None:
    """After an installation of the files that all locations share."""
    if not reload_if_changed("common", sorted(SNIPPETS.glob("*.conf"))):
        say("nginx rejects its configuration and was not reloaded")


def add(name: str) -> None:
    """Links the location, unless the administrator has removed the link since it was first made."""
    path = link(name)
    if not (STATE / name).exists() and not path.is_symlink():
        path.symlink_to(f"../available/{name}.conf")
    if path.is_symlink() and not path.exists():
        path.unlink()  # nginx would reject its configuration
        reinstall = f"apt-get install --reinstall -o Dpkg::Options::=--force-confmiss {name}"
        raise Failure(f"{name} runs without a location: {SNIPPETS}/available/{name}.conf is missing -> {reinstall}")
    if path.is_symlink() and not reload_if_changed(name, [path]):
        path.unlink()
        (STATE / name).unlink(missing_ok=True)
        raise Failure(f"nginx rejects the location of {name}, which is removed again: see nginx -t")


def remove(name: str) -> None:
    """Removes the location, and returns when no worker of nginx has a request that it has not passed on yet."""
    path = link(name)
    if not path.is_symlink():
        return
    workers = run("pgrep", "-f", "^nginx: worker process").stdout.split()
    path.unlink()
    if not reload_nginx():
        path.symlink_to(f"../available/{name}.conf")
        raise Failure(f"nginx rejects its configuration without {path}, as printed above; nothing has been changed")
    (STATE / name).unlink(missing_ok=True)
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline and any(pathlib.Path(f"/proc/{worker}").exists() for worker in workers):
        time.sleep(0.1)


def advice() -> str:
    """How to include the snippets; empty if nginx does, or if its configuration cannot be read."""
    with contextlib.suppress(OSError):
        files = included()
        missing = [] if files is None or f"{SNIPPETS}/upstreams.conf" in files else [f"in http {{}}: {HTTP}"]
        if files is not None and not any(str(link("")).removesuffix(".conf") in file for file in files):
            missing.append(f"in your server {{}}: {SERVER}")
        return "; ".join(missing)
    return ""
