"""What is wrong with an installation, and how to correct it: settings, processes, sockets, nginx, bucket, Ozon."""

import errno
import grp
import os
import pathlib
import pwd
import re
import subprocess
import sys
from collections.abc import Callable

from checks import Report
from fastcgi import NoResponse
from fastcgi import request
from installation import routes, status
from installation.processes import EDIT, PATH, describe_faults, installed, is_started, run, setting_faults
from installation.setup import known_origins
from privileges import Failure, Identity, run_as
from settings import INSTALLED

OLDEST_NGINX = (1, 22)


def check_settings(report: Report, names: list[str]) -> None:
    faults = {name: texts for name in names if (texts := setting_faults(name))}
    if faults:
        return report.fail("settings", "; ".join(describe_faults(faults).splitlines()), EDIT)
    report.ok("settings", f"valid for {len(names)} endpoints")


def check_processes(report: Report, names: list[str]) -> None:
    states = {name: what for name in names if (what := status.state(name)) != "running"}
    for name, what in states.items():
        report.fail("processes", f"{name}: {what}", f"journalctl -u '{name}@*' -n 20; then ozon-r2 start {name}")
    if not states:
        report.ok("processes", f"two of each of {len(names)} endpoints")
    if idle := [name for name in installed() if name not in names]:
        print(f"        {'':<9} not started: {', '.join(idle)}")


def ping(path: str) -> None:
    try:
        request(path, {"REQUEST_METHOD": "GET", "OZON_R2_STATUS": "/ping"})
    except NoResponse as failure:
        raise Failure(str(failure)) from None


def socket_fault(name: str, account: pwd.struct_passwd) -> "tuple[str, str] | None":
    """What prevents root or that user from reaching the endpoint, and the remedy."""
    path, user = f"/run/ozon-r2/{name}.sock", account.pw_name
    try:
        ping(path)
    except Failure as failure:
        return f"{path}: {failure}", f"ozon-r2 start {name}"
    groups = os.getgrouplist(user, account.pw_gid)
    try:
        run_as(Identity(account.pw_uid, account.pw_gid, groups), lambda: ping(path))
    except Failure as failure:
        if str(failure) != os.strerror(errno.EACCES):
            remedy = f"add {user} to ALLOWED_PEER_USERS in {INSTALLED}/environment, then ozon-r2 start {name}"
            return f"{path}: {user}, nginx's user, gets no answer: {failure}", remedy
        group = os.stat(path).st_gid
        remedy = f"usermod -aG {grp.getgrgid(group).gr_name} {user} && systemctl restart nginx"
        if group == 0:  # systemd gives the socket its right group when it makes it again
            remedy = f"ozon-r2 stop {name} && ozon-r2 start {name}"
        return f"{path}: {user}, nginx's user, may not connect", remedy
    return None


def check_sockets(report: Report, names: list[str], nginx_user: str) -> None:
    try:
        account = pwd.getpwnam(nginx_user)
    except KeyError:
        return report.fail("sockets", f"{nginx_user}, nginx's user, does not exist", "correct user in nginx.conf")
    faults = [fault for name in names if (fault := socket_fault(name, account))]
    for text, remedy in faults:
        report.fail("sockets", text, remedy)
    if not faults:
        report.ok("sockets", f"answer {nginx_user}, nginx's user")


def check_nginx(report: Report, names: list[str]) -> str:
    """Returns the user of nginx's workers."""
    version = re.search(r"nginx/(\d+)\.(\d+)[.\d]*", run("nginx", "-v", stderr=subprocess.STDOUT).stdout)
    if version and (int(version[1]), int(version[2])) >= OLDEST_NGINX:
        report.ok("nginx", version[0])
    else:
        report.fail("nginx", f"{version[0] if version else 'its version is unknown'}: too old", "install 1.22 or newer")
    done = run("nginx", "-T", "-q", stderr=subprocess.STDOUT)
    if done.returncode:
        report.fail("nginx", "rejects its configuration", "nginx -t prints why")
        return "www-data"
    files = routes.included() or set()
    missing = [name for name in names if str(routes.link(name)) not in files]
    if f"{routes.SNIPPETS}/upstreams.conf" not in files:
        advice = f"echo '{routes.HTTP}' >/etc/nginx/conf.d/ozon-r2.conf && systemctl reload nginx"
        report.fail("nginx", f"does not include {routes.SNIPPETS}/http.conf", advice)
    elif missing:
        advice = f"put {routes.SERVER} into your server {{}}, then nginx -t && systemctl reload nginx"
        advice += "; if it is there: ozon-r2 stop NAME && ozon-r2 start NAME"
        report.fail("nginx", f"has no location for {', '.join(missing)}", advice)
    else:
        report.ok("nginx", f"includes the locations of {len(names)} endpoints")
    if run("systemctl", "is-active", "nginx.service").returncode:
        report.fail("nginx", "does not run", "systemctl enable --now nginx")
    user = re.search(r"^\s*user\s+([\w.-]+)", done.stdout, re.MULTILINE)
    return user[1] if user else "nobody"


def check_upstreams(report: Report, here: pathlib.Path, names: list[str], product: str) -> None:
    """Runs check-r2 and check-ozon, which print lines of the same form."""
    commands = []
    if "r2-presigned-url" in installed() and any(name.startswith("r2-") for name in names):
        found = known_origins()
        if not found:
            report.fail("origins", f"{INSTALLED}/origins has none, so browsers block all pages", "ozon-r2 setup")
        commands.append(["check-r2", *(word for origin in found for word in ("--origin", origin))])
    if any(name.startswith("ozon-") for name in names):
        credential = [INSTALLED / "secrets" / name for name in ("ozon-client-id", "ozon-api-key")]
        if all(file.exists() for file in credential):
            commands.append(["check-ozon", *(["--product", product] if product else [])])
        else:
            print(f"        {'':<9} Ozon is not checked: see man ozon-r2 for the seller's credential")
    sys.stdout.flush()
    for command in commands:
        done = subprocess.run([here / command[0], *command[1:]], env={"PATH": PATH}, stdin=subprocess.DEVNULL)
        report.failed |= done.returncode != 0


def check(here: pathlib.Path, product: str) -> int:
    report = Report()

    def attempt(what: str, part: Callable, *arguments: object) -> object:
        """An error of the system in one part is a finding too, and the other parts are checked all the same."""
        try:
            return part(report, *arguments)
        except (OSError, ValueError, LookupError) as error:
            report.fail(what, f"cannot be checked: {error}", "correct this, then ozon-r2 check")

    names = [name for name in installed() if is_started(name)]
    if not names:
        report.fail("processes", "no endpoint has been started", "ozon-r2 start --all")
    attempt("settings", check_settings, names or installed())
    if names:
        attempt("processes", check_processes, names)
    user = attempt("nginx", check_nginx, names) or "www-data"
    attempt("sockets", check_sockets, names, user)
    attempt("upstreams", check_upstreams, here, names, product)
    return 1 if report.failed else 0
