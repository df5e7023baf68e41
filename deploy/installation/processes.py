"""The processes of an installed endpoint: systemd's NAME.socket, and NAME@1 and NAME@2, which share it."""

import pathlib
import re
import subprocess
import sys

from settings import installed_settings

LIBRARY = pathlib.Path("/usr/lib/ozon-r2")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
EDIT = "ozon-r2 setup, or edit /etc/ozon-r2/environment and the files in /etc/ozon-r2/secrets"


class Failure(Exception):
    """`code` is the exit code of the command."""

    def __init__(self, text: str, code: int = 1):
        super().__init__(text)
        self.code = code


def say(text: str) -> None:
    print(f"ozon-r2: {text}", file=sys.stderr, flush=True)


def run(*command: str, **options) -> subprocess.CompletedProcess:
    options = {"env": {"PATH": PATH, "LC_ALL": "C"}, **options}
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, **options)


def systemctl(*arguments: str) -> bool:
    return run("systemctl", "--quiet", *arguments).returncode == 0


def properties(unit: str, *names: str) -> dict[str, str]:
    output = run("systemctl", "show", f"--property={','.join(names)}", unit).stdout
    return dict(line.split("=", 1) for line in output.splitlines() if "=" in line)


def installed() -> list[str]:
    """The endpoints whose packages are installed."""
    return sorted(file.name for file in LIBRARY.glob("*") if re.fullmatch("[a-z0-9-]+", file.name))


def units(name: str) -> list[str]:
    return [f"{name}.socket", f"{name}@1.service", f"{name}@2.service"]


def is_started(name: str) -> bool:
    """Whether it was started with `ozon-r2 start`, and so starts with the machine."""
    return systemctl("is-enabled", f"{name}.socket")


def setting_faults(name: str) -> list[str]:
    """What its executable reports about the settings; empty if it accepts them."""
    try:
        settings = installed_settings()
    except (OSError, ValueError) as error:
        return [f"/etc/ozon-r2/environment: {error}"]
    try:
        done = run(str(LIBRARY / name), "--check", env=settings, stderr=subprocess.STDOUT, timeout=10, errors="replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        return [f"{name} --check: {error}"]
    if done.returncode == 0:
        return []
    return [line.removeprefix(f"{name}: ") for line in done.stdout.splitlines()] or [f"{name} --check failed"]


def describe_faults(faults: dict[str, list[str]]) -> str:
    """The faults of several endpoints, each fault once, with the endpoints that have it unless all do."""
    by_fault: dict[str, list[str]] = {}
    for name, texts in faults.items():
        for text in texts:
            by_fault.setdefault(text, []).append(name)
    return "\n".join(
        text if len(names) == len(faults) else f"{text} ({', '.join(names)})" for text, names in by_fault.items()
    )


def start(name: str) -> None:
    """Starts both processes, or restarts them one after the other. A restart returns when the process serves."""
    if not systemctl("start", f"{name}.socket"):
        raise Failure(f"{name}.socket does not start: see journalctl -u {name}.socket")
    for number in (1, 2):
        if not systemctl("restart", f"{name}@{number}.service"):
            raise Failure(f"{name}@{number} does not start: see journalctl -u {name}@{number}")
    if not systemctl("enable", *units(name)):
        raise Failure(f"{name} runs, but does not start with the machine: see systemctl enable {name}.socket")


def stop(name: str) -> None:
    is_disabled = systemctl("disable", *units(name))
    if not systemctl("stop", *units(name)):
        raise Failure(f"{name} does not stop: see systemctl status {name}.socket '{name}@*'")
    if not is_disabled:
        raise Failure(f"{name} still starts with the machine: see systemctl disable {name}.socket")


def upgrade(name: str) -> None:
    """For the postinst of a new version: NAME.previous is the old executable.

    If the new one rejects the settings or does not serve, it is kept as NAME.refused and the old one restored. The
    next attempt to configure the package then tries the new one again, and not the old one.
    """
    executable, previous, refused = (LIBRARY / f"{name}{suffix}" for suffix in ("", ".previous", ".refused"))
    if refused.exists():
        previous.unlink(missing_ok=True)
        previous.hardlink_to(executable)
        refused.rename(executable)
    if is_started(name):
        systemctl("daemon-reload")
        fault, restarted = "\n".join(setting_faults(name)), []
        if not fault:
            systemctl("start", f"{name}.socket")
        for unit in units(name)[1:] if not fault else []:
            restarted.append(unit)
            if not systemctl("restart", unit):
                fault = f"{unit} does not start: see journalctl -u {unit}"
                break
        if fault and previous.exists():
            executable.rename(refused)
            previous.rename(executable)
            if restarted:
                systemctl("restart", *restarted)
            raise Failure(f"the new {name} does not serve; the old executable is restored:\n{fault}")
        if fault:
            raise Failure(f"{name} does not serve:\n{fault}")
    previous.unlink(missing_ok=True)
