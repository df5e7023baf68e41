"""What is wrong with an installation, and how to correct it: settings, processes, sockets, nginx, bucket, Ozon."""

import grp
import os
import pathlib
import pwd
import re
import stat
import subprocess
import sys

from checks import Report
from fastcgi import Failure as NoAnswer
from fastcgi import request
from installation import routes, status
from installation.processes import EDIT, PATH, describe_faults, installed, is_started, run, setting_faults
from installation.setup import ORIGIN
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


def can_connect(user: str, path: str) -> bool:
    """Whether the modes of the socket let that user connect."""
    about, account = os.stat(path), pwd.getpwnam(user)
    if account.pw_uid == about.st_uid:
        return bool(about.st_mode & stat.S_IWUSR)
    groups = os.getgrouplist(user, account.pw_gid)
    return bool(about.st_mode & (stat.S_IWGRP if about.st_gid in groups else stat.S_IWOTH))


def check_sockets(report: Report, names: list[str], nginx_user: str) -> None:
    wrong = False
    for name in names:
        path = f"/run/ozon-r2/{name}.sock"
        try:
            request(path, {"REQUEST_METHOD": "GET", "OZON_R2_STATUS": "/ping"})
            if can_connect(nginx_user, path):
                continue
            group = grp.getgrgid(os.stat(path).st_gid).gr_name
            text, advice = f"{nginx_user}, nginx's user, may not connect", f"usermod -aG {group} {nginx_user}"
            report.fail("sockets", f"{path}: {text}", f"{advice} && systemctl restart nginx")
        except (NoAnswer, OSError, KeyError) as failure:
            report.fail("sockets", f"{path}: {failure}", f"ozon-r2 start {name}")
        wrong = True
    if not wrong:
        report.ok("sockets", f"answer, and {nginx_user} may connect")


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
        report.fail("nginx", f"has no location for {', '.join(missing)}", advice)
    else:
        report.ok("nginx", f"includes the locations of {len(names)} endpoints")
    if run("systemctl", "is-active", "nginx.service").returncode:
        report.fail("nginx", "does not run", "systemctl enable --now nginx")
    user = re.search(r"^\s*user\s+([\w.-]+)", done.stdout, re.MULTILINE)
    return user[1] if user else "nobody"


def origins() -> list[str]:
    file = INSTALLED / "origins"
    return re.findall(rf'^\s*"?({ORIGIN})"?\s', file.read_text(), re.MULTILINE) if file.exists() else []


def check_upstreams(report: Report, here: pathlib.Path, names: list[str], product: str) -> None:
    """Runs check-r2 and check-ozon, which print lines of the same form."""
    commands = []
    if "r2-presigned-url" in installed() and any(name.startswith("r2-") for name in names):
        found = origins()
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
    names = [name for name in installed() if is_started(name)]
    if not names:
        report.fail("processes", "no endpoint has been started", "ozon-r2 start --all")
    check_settings(report, names or installed())
    if names:
        check_processes(report, names)
    user = check_nginx(report, names)
    check_sockets(report, names, user)
    check_upstreams(report, here, names, product)
    return 1 if report.failed else 0
