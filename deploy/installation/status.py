"""One line for each installed endpoint: whether it runs, its versions, requests, and errors of the last hour."""

import json
import re
import subprocess

from fastcgi import NoResponse
from fastcgi import request
from installation.processes import installed, is_started, properties, run, units

ROW = "{:<23} {:<10} {:<15} {:>9} {:>10} {:>10} {:>7}"


def state(name: str) -> str:
    """"running", or what is the matter with its units."""
    states = {unit: properties(unit, "ActiveState").get("ActiveState", "unknown") for unit in units(name)}
    if "failed" in states.values():
        return "failed"
    active = sum(states[unit] == "active" for unit in units(name)[1:])
    if active == 0 and states[f"{name}.socket"] != "active":
        return "stopped" if is_started(name) else "not started"
    return "running" if active == 2 else f"{active} of 2 run"


def counts(name: str) -> list:
    """Versions, requests in flight, all requests and draining processes, from the endpoint's status page.

    Raises NoResponse.
    """
    answer = request(f"/run/ozon-r2/{name}.sock", {"REQUEST_METHOD": "GET", "OZON_R2_STATUS": "/status"})
    try:
        processes = json.loads(answer.body)["processes"]
        versions = sorted({re.sub("[^!-~]", "?", each["version"])[:20] for each in processes})
        totals = [sum(int(each[key]) for each in processes) for key in ("in flight", "accepted conn", "draining")]
        return [",".join(versions), *totals]
    except (ValueError, KeyError, TypeError):
        raise NoResponse("its status cannot be read") from None


def errors(name: str) -> int:
    """The lines of level error that its processes logged during the last hour."""
    command = ["journalctl", "--quiet", "--output=cat", "--since=-1h", "--grep", '"level":"error"', f"--unit={name}@*"]
    # journalctl complains about units that have never run.
    return len(run(*command, stderr=subprocess.DEVNULL).stdout.splitlines())


def row(name: str) -> str:
    what, cells = state(name), ["", "", "", ""]
    if what not in ("not started", "stopped", "failed"):
        try:
            cells = counts(name)
        except NoResponse as failure:
            cells[0] = str(failure)
    return ROW.format(name, what, *cells, errors(name))


def status() -> None:
    print(ROW.format("endpoint", "state", "version", "in flight", "requests", "draining", "errors"))
    for name in installed():
        print(row(name))
