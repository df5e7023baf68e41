"""The processes of a soak run: two for each endpoint behind one nginx. One is swapped again and again; the other one
runs from the beginning to the end, so that its memory, descriptors and threads can be compared."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import time
from dataclasses import dataclass, field

import fastcgi


def status(socket: str) -> dict:
    """The process's own counters."""
    answer = fastcgi.request(socket, {"REQUEST_METHOD": "GET", "OZON_R2_STATUS": "status"})
    return json.loads(answer.body)


def is_connected(socket: str) -> bool:
    """Whether an accepted connection is open; the kernel lists them by the path of the socket."""
    lines = [line.split() for line in pathlib.Path("/proc/net/unix").read_text().splitlines()]
    return any(fields[5] == "03" and fields[7:] == [socket] for fields in lines)


def listening(socket: str) -> int:
    """The process that listens on the socket."""
    with fastcgi.connect(socket) as connection:
        return fastcgi.listener(connection)[0]


@dataclass
class Counts:
    """What a process has open. `kept` are connections to Ozon, the CDN and R2 that it keeps for later calls."""

    descriptors: int
    kept: int
    threads: int


@dataclass
class Steady:
    """A process that is never swapped. `samples` are (seconds since the start, resident memory in KiB). That is not the
    PSS, because of a page of the executable it counts a share, which changes with every swap."""

    name: str
    socket: str
    child: subprocess.Popen
    samples: list[tuple[float, int]] = field(default_factory=list)
    before: Counts | None = None
    after: Counts | None = None

    def resident(self) -> int:
        text = pathlib.Path(f"/proc/{self.child.pid}/smaps_rollup").read_text()
        return int(re.search(r"^Rss: +(\d+) kB", text, re.M)[1])

    def counts(self) -> Counts:
        folder = pathlib.Path(f"/proc/{self.child.pid}")
        # A connection that its peer has reset is in no list of the kernel's, so the others are recognized.
        lines = pathlib.Path("/proc/net/unix").read_text().splitlines()[1:]
        local = {f"socket:[{line.split()[6]}]" for line in lines}
        targets = [os.readlink(each) for each in (folder / "fd").iterdir()]
        kept = sum(target.startswith("socket:") and target not in local for target in targets)
        return Counts(len(targets) - kept, kept, len(os.listdir(folder / "task")))

    def between(self, first: float, last: float) -> float:
        """The median of a part of the run, in KiB; 0 and 1 are its ends."""
        end, size = self.samples[-1]
        return statistics.median([size for at, size in self.samples if first * end <= at <= last * end] or [size])


class Processes:
    """`directory` is that of the running sandbox."""

    def __init__(self, directory: pathlib.Path, repository: pathlib.Path, binaries: pathlib.Path):
        self.directory, self.repository, self.binaries = directory, repository, binaries
        self.names = sorted(each.parent.name for each in (repository / "Sources/Endpoints").glob("*/main.swift"))
        self.steady: list[Steady] = []
        self.swaps: list[str] = []
        self.swap: subprocess.Popen | None = None

    def socket(self, name: str) -> str:
        return f"{self.directory}/run/{name}.sock"

    # ---- the processes that are never swapped

    def start_steady(self) -> None:
        """Starts them, and makes nginx send every second request to them."""
        settings = dict(line.split("=", 1) for line in (self.directory / "handler.env").read_text().splitlines())
        (self.directory / "run/steady").mkdir()
        for name in self.names:
            socket = f"{self.directory}/run/steady/{name}.sock"
            with open(self.directory / f"log/{name}.log", "ab") as log:
                command = [str(self.binaries / name), "--listen", socket]
                child = subprocess.Popen(command, env=settings, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                         start_new_session=True)  # fmt: skip
            self.steady.append(Steady(name, socket, child))
        wait_until("the steady processes listen", lambda: all(os.path.exists(each.socket) for each in self.steady))
        file = self.directory / "ozon-r2/upstreams.conf"
        line = re.compile(r"^( *server unix:.*/run/)([a-z0-9-]+\.sock)( max_fails=0;\n)", re.M)
        file.write_text(line.sub(r"\1\2\3\1steady/\2\3", file.read_text()))
        nginx = int((self.directory / "nginx.pid").read_text())
        old = children(nginx)
        os.kill(nginx, signal.SIGHUP)
        wait_until("nginx uses them", lambda: children(nginx) and not set(children(nginx)) & set(old))

    def remove_ended(self) -> list[str]:
        """Removes the processes that have ended, none of which should have. Returns how they ended."""
        codes = {each.name: each.child.poll() for each in self.steady}
        self.steady = [each for each in self.steady if codes[each.name] is None]
        return [f"{name} ended early with {code}" for name, code in codes.items() if code is not None]

    def sample(self, at: float) -> None:
        for each in self.steady:
            with contextlib.suppress(OSError, TypeError):  # of a process that is just ending
                each.samples.append((at, each.resident()))

    def wait_for_idle(self) -> None:
        """Until no process has a request in flight, and nginx has closed the connections that it keeps."""
        sockets = [self.socket(name) for name in self.names] + [each.socket for each in self.steady]
        wait_until("no request is in flight", lambda: all(status(each)["in flight"] == 0 for each in sockets), 90)
        wait_until("no connection is open", lambda: not any(map(is_connected, sockets)))

    # ---- swaps

    def start_swap(self) -> None:
        name = self.names[len(self.swaps) % len(self.names)]
        self.swaps.append(name)
        command = [self.repository / "deploy/swap", "--run", self.directory / "run", name, self.binaries / name]
        with open(self.directory / "log/swap.log", "ab") as log:
            self.swap = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def end_swap(self) -> str:
        """Waits for the swap. Returns why it failed, or nothing."""
        code = self.swap.wait()
        self.swap = None
        log = (self.directory / "log/swap.log").read_text().splitlines()
        return f"swap of {self.swaps[-1]}: exit {code}: {log[-1:]}" if code else ""

    # ---- the end

    def stop(self) -> list[str]:
        """Ends the processes that the sandbox does not know. Returns what is wrong with their ends."""
        wrong = [self.end_swap()] if self.swap else []
        # The sandbox knows only the processes that it started, not those that have taken over.
        current = []
        for name in self.names:
            with contextlib.suppress(OSError):
                current.append(listening(self.socket(name)))
                os.kill(current[-1], signal.SIGTERM)
        for each in self.steady:
            each.child.terminate()
        for each in self.steady:
            try:
                code = each.child.wait(20)
            except subprocess.TimeoutExpired:
                each.child.kill()
                code = each.child.wait()
            if code:
                wrong.append(f"{each.name} ended with {code}")
        try:
            wait_until("the processes that have taken over have ended", lambda: not any(map(runs, current)))
        except TimeoutError as failure:
            wrong.append(str(failure))
        return [text for text in wrong if text]


def runs(pid: int) -> bool:
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


def children(pid: int) -> list[int]:
    return [int(each) for each in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_until(what: str, condition, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds} s it is not true that {what}")
        time.sleep(0.05)
