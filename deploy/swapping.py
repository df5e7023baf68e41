"""Shared by the two ways in which swap replaces an executable: the new process, and the return to the old one."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

from settings import read_settings

HERE = pathlib.Path(__file__).resolve().parent
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Variables that systemd sets for one process only.
OF_ONE_PROCESS = re.compile(rb"(LISTEN|NOTIFY|WATCHDOG|RUNTIME)_|(INVOCATION_ID|JOURNAL_STREAM)=")


class Failure(Exception):
    pass


def status(pid, key):
    """The words of a line in /proc/PID/status; none if the process does not exist."""
    with contextlib.suppress(OSError):
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{key}:"):
                return line.split()[1:]
    return []


def runs(pid):
    return status(pid, "State")[:1] not in ([], ["Z"], ["X"])


def probe(socket, seconds=0):
    """Probes the socket, repeatedly for so many seconds. Returns the listening process, or None if a probe failed."""
    done = subprocess.run([HERE / "probe", socket, str(seconds)], stdout=subprocess.PIPE, text=True)
    return int(done.stdout) if done.returncode == 0 else None


def open_log(pid):
    """Opens the standard error of a process. A journal's socket or a pipe without a reader cannot be opened."""
    try:
        log = os.open(f"/proc/{pid}/fd/2", os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK)
    except OSError:
        return os.dup(2)
    os.set_blocking(log, True)
    return log


class Swap:
    def __init__(self, name, socket, binary, scratch):
        self.name, self.socket, self.binary, self.scratch = name, socket, binary, scratch
        self.old = self.new = None
        self.completed = False

    def say(self, text):
        print(f"{self.name}: {text}", flush=True)

    def inherit(self, file=None):
        """Takes user, directory and settings of the old process for the new one."""
        try:
            variables = pathlib.Path(f"/proc/{self.old}/environ").read_bytes().split(b"\0")
        except PermissionError:
            raise Failure(f"process {self.old} belongs to another user: run this as root or as that user") from None
        if file:
            try:
                settings = read_settings(file)
            except (OSError, ValueError) as error:
                raise Failure(f"{file}: {error}") from None
        else:
            kept = [each for each in variables if b"=" in each and not OF_ONE_PROCESS.match(each)]
            settings = dict(each.split(b"=", 1) for each in kept)
        self.user = int(status(self.old, "Uid")[0])
        self.process = {"cwd": f"/proc/{self.old}/cwd", "env": settings}
        settings.setdefault("PATH" if file else b"PATH", os.environ.get("PATH", os.defpath))
        if self.user != os.getuid():
            groups = [int(group) for group in status(self.old, "Groups")]
            self.process.update(user=self.user, group=int(status(self.old, "Gid")[0]), extra_groups=groups)

    def run_binary(self, option):
        try:
            done = subprocess.run(
                [self.binary, option], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                timeout=10, **self.process)  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Failure(f"{option} failed: {error}") from None
        output = done.stdout.decode(errors="replace").strip()
        if done.returncode:
            raise Failure(f"{option} failed: {output.replace(f'{self.name}: ', '').replace(chr(10), ' | ')}")
        return output

    def start(self, socket):
        """Checks BINARY and starts it on the socket."""
        version = self.run_binary("--version")
        if not version.startswith(f"{self.name} "):
            raise Failure(f"{self.binary} is not {self.name} but: {version}")
        self.run_binary("--check")
        pathlib.Path(socket).unlink(missing_ok=True)
        log = open_log(self.old)
        self.new = subprocess.Popen(
            [self.binary, "--listen", socket], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, **self.process)  # fmt: skip
        os.close(log)
        deadline = time.monotonic() + 10
        while not os.path.exists(socket):
            if self.new.poll() is not None:
                raise Failure("the new executable exited during its start")
            if time.monotonic() > deadline:
                raise Failure("the new executable does not listen after 10 s")
            time.sleep(0.05)
        if probe(socket) is None:
            raise Failure("the new executable failed its probe on a private socket")
        self.say("the new executable answers on a private socket")

    def end_new(self, may_have_requests=False):
        """Ends the new process. Kills it after two seconds, unless it may have requests."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.new.pid, signal.SIGTERM)
            for _ in range(20):
                if self.new.poll() is not None:
                    break
                time.sleep(0.1)
            if may_have_requests and self.new.poll() is None:
                print(f"swap: process {self.new.pid} has not ended yet: it drains or hangs", file=sys.stderr)
            else:
                os.killpg(self.new.pid, signal.SIGKILL)

    def ignore_signals(self):
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def complete(self):
        self.ignore_signals()
        self.completed = True

    def clean_up(self):
        self.ignore_signals()
        try:
            self.go_back()
        except (OSError, subprocess.CalledProcessError) as error:
            sys.exit(f"swap: the old executable could not be restored ({error}): check {self.socket} and the processes")
        if self.old:
            print(f"swap: {self.name}: the old executable serves as before", file=sys.stderr)
