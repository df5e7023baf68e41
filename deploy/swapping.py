"""Shared by the two ways in which swap replaces an executable: the new process, and the return to the old one."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import fastcgi
import probing
from privileges import SEARCH_PATH, SIGNALS, Failure
from settings import read_settings


def listening_process(socket, seconds=0):
    """The process that listens on the socket, or None if a probe failed. Probes repeatedly for `seconds` seconds."""
    try:
        return probing.probe(socket, seconds)
    except fastcgi.NoResponse as failure:
        print(f"probe: {os.path.basename(socket)}: {failure}", file=sys.stderr)
        return None


def settings_of_file(path):
    try:
        return read_settings(path)
    except (OSError, ValueError) as error:
        raise Failure(f"{path}: {error}") from None


class Swap:
    """One swap of an endpoint's executable. Subclasses define prepare(env), run() and go_back()."""

    def __init__(self, name, socket, binary):
        self.name, self.socket, self.binary = name, socket, binary
        # The environment of the new process.
        self.settings = {"PATH": SEARCH_PATH}
        self.new = None
        self.old_serves = self.completed = False

    def say(self, text):
        print(f"{self.name}: {text}", flush=True)

    def run_binary(self, option):
        try:
            done = subprocess.run(
                [self.binary, option], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                timeout=10, env=self.settings)  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Failure(f"{option} failed: {error}") from None
        output = done.stdout.decode(errors="replace").strip()
        if done.returncode:
            raise Failure(f"{option} failed: {output.replace(f'{self.name}: ', '').replace(chr(10), ' | ')}")
        return output

    def check_version(self):
        version = self.run_binary("--version")
        if not version.startswith(f"{self.name} "):
            raise Failure(f"{self.binary} is not {self.name} but: {version}")

    def setting_names(self):
        """The settings that the new executable reads."""
        names = re.findall(r"^  ([A-Z][A-Z0-9_]*)  \(", self.run_binary("--help"), re.MULTILINE)
        return {*names, *(f"{name}_FILE" for name in names), "TMPDIR"}

    def start(self, socket, log):
        """Checks the settings and starts the new process on the socket."""
        self.run_binary("--check")
        pathlib.Path(socket).unlink(missing_ok=True)
        self.new = subprocess.Popen(
            [self.binary, "--listen", socket], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, env=self.settings)  # fmt: skip
        deadline = time.monotonic() + 10
        while not os.path.exists(socket):
            if self.new.poll() is not None:
                raise Failure("the new executable exited during its start")
            if time.monotonic() > deadline:
                raise Failure("the new executable does not listen after 10 s")
            time.sleep(0.05)
        if listening_process(socket) is None:
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
        if self.old_serves:
            print(f"swap: {self.name}: the old executable serves as before", file=sys.stderr)
