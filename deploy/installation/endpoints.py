"""Starts, stops and upgrades endpoints. One that fails keeps none of the others from being tried."""

from collections.abc import Callable

from installation import processes, routes
from installation.processes import Failure


def start(names: list[str]) -> None:
    faults = {name: processes.setting_faults(name) for name in names}
    wrong = {name: texts for name, texts in faults.items() if texts}
    processes.systemctl("daemon-reload")
    right = [name for name in names if name not in wrong]
    failures = failures_of(start_one, right)
    if started := [name for name in right if name not in failures]:
        print(f"started: {', '.join(started)}", flush=True)
        if advice := routes.advice():
            print(f"nginx does not include the locations yet: {advice}")
    texts = [describe(failures)] if failures else []
    if wrong:
        reasons = processes.describe_faults(wrong)
        texts.append(f"not started, because settings are wrong: {', '.join(wrong)}\n{reasons}\n-> {processes.EDIT}")
    if texts:
        raise Failure("\n".join(texts), 78 if wrong else 1)


def start_one(name: str) -> None:
    processes.start(name)
    routes.add(name)


def stop(names: list[str]) -> None:
    raise_if_any(failures_of(stop_one, names))


def stop_one(name: str) -> None:
    routes.remove(name)
    processes.stop(name)


def upgrade(names: list[str]) -> None:
    raise_if_any(failures_of(upgrade_one, names))


def upgrade_one(name: str) -> None:
    processes.upgrade(name)
    if processes.is_started(name):
        routes.add(name)


def failures_of(action: Callable[[str], None], names: list[str]) -> dict[str, Failure]:
    """Performs the action for each name. Returns the failures by name."""
    failures = {}
    for name in names:
        try:
            action(name)
        except Failure as failure:
            failures[name] = failure
        except OSError as error:
            failures[name] = Failure(f"{name}: {error}")
    return failures


def describe(failures: dict[str, Failure]) -> str:
    return "\n".join([f"failed: {', '.join(failures)}", *map(str, failures.values())])


def raise_if_any(failures: dict[str, Failure]) -> None:
    if failures:
        raise Failure(describe(failures))
