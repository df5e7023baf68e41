"""The part of nginx: the locations of the started endpoints.

nginx is reloaded only after nginx -t, and only if a file has changed: /var/lib/ozon-r2 has the checksums of the
snippets, and of the list of proxies, at the last reload.
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


def reload_nginx() -> None:
    """Reloads nginx if it runs. Raises Failure if it is not reloaded."""
    if run("nginx", "-t", "-q").returncode:
        raise Failure("nginx rejects its configuration, as printed above")
    if systemctl("is-active", "nginx.service") and not systemctl("reload", "nginx.service"):
        raise Failure("nginx is not reloaded: see systemctl status nginx.service")


def reload_if_changed(key: str, files: list[pathlib.Path]) -> None:
    """Raises Failure as reload_nginx does."""
    checksum = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    state = STATE / key
    if state.exists() and state.read_text() == checksum:
        return
    reload_nginx()
    STATE.mkdir(exist_ok=True)
    state.write_text(checksum)


def reload_common() -> None:
    """After an installation of the files that all locations share."""
    try:
        reload_if_changed("common", sorted(SNIPPETS.glob("*.conf")))
    except Failure as failure:
        say(str(failure))


def add(name: str) -> None:
    """Links the location, unless the administrator has removed the link since it was first made."""
    path = link(name)
    if not (STATE / name).exists() and not path.is_symlink():
        path.symlink_to(f"../available/{name}.conf")
    if path.is_symlink() and not path.exists():
        path.unlink()  # nginx would reject its configuration
        reinstall = f"apt-get install --reinstall -o Dpkg::Options::=--force-confmiss {name}"
        raise Failure(f"{name} runs without a location: {SNIPPETS}/available/{name}.conf is missing -> {reinstall}")
    if path.is_symlink():
        try:
            reload_if_changed(name, [path])
        except Failure as failure:
            path.unlink()
            (STATE / name).unlink(missing_ok=True)
            raise Failure(f"{failure}; {path} is removed again") from None


def remove(name: str) -> None:
    """Removes the location, and returns when no worker of nginx has a request that it has not passed on yet."""
    path = link(name)
    if not path.is_symlink():
        (STATE / name).unlink(missing_ok=True)  # the next start makes the link again
        return
    workers = run("pgrep", "-f", "^nginx: worker process").stdout.split()
    path.unlink()
    try:
        reload_nginx()
    except Failure as failure:
        path.symlink_to(f"../available/{name}.conf")
        raise Failure(f"without {path}, {failure}; nothing has been changed") from None
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
