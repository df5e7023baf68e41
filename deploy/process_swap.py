"""Replaces a process that was started with --listen. Used by swap."""

import contextlib
import os
import pathlib
import signal
import stat
import sys
import time

from fastcgi import connect, listener
from privileges import SIGNALS, Failure, Process, become, require_private
from swapping import Swap, listening_process, settings_of_file


class ProcessSwap(Swap):
    """Replaces a process that owns its socket."""

    has_taken_over = False

    def prepare(self, env):
        """Finds the old process, and becomes its user."""
        self.next, self.previous = f"{self.socket}.next", f"{self.socket}.previous"
        self.given = settings_of_file(env) if env else None
        try:
            with connect(self.socket) as connection:
                pid, user = listener(connection)
        except OSError:
            raise self.nothing_answers() from None
        self.old = Process(pid)
        identity = self.old.identity()
        if not user == identity.user == os.lstat(self.socket).st_uid:
            raise Failure(f"{self.socket} is held by process {pid}, whose user is not its owner")
        if not identity.user:
            require_private(os.path.dirname(self.socket))
        self.log = self.copy_of_log()
        become(identity)

    def nothing_answers(self):
        return Failure(f"nothing answers at {self.socket}: there is nothing to swap, start {self.name} as usual")

    def copy_of_log(self):
        """The standard error of the old process. A user other than root may have to open it again, which fails for the
        journal's socket and for a pipe without a reader.
        """
        with contextlib.suppress(OSError):
            return self.old.copy_of_descriptor(2)
        if not os.geteuid():
            raise Failure(f"the log of process {self.old.pid} cannot be taken over")
        try:
            log = os.open(f"/proc/{self.old.pid}/fd/2", os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK)
        except OSError:
            return os.dup(2)
        os.set_blocking(log, True)
        return log

    def inherit(self):
        """Takes the directory and the settings of the old process for the new one."""
        os.chdir(f"/proc/{self.old.pid}/cwd")
        variables = self.old.read("environ").split(b"\0")
        self.check_version()
        if self.given is None:
            names = self.setting_names()
            pairs = (each.partition(b"=") for each in variables)
            self.given = {name: value for name, _, value in pairs if name.decode(errors="replace") in names}
        self.settings.update({os.fsdecode(name): os.fsdecode(value) for name, value in self.given.items()})

    def run(self):
        self.check_old()
        self.inherit()
        self.start(self.next, self.log)
        os.close(self.log)
        self.take_over()
        self.complete()
        self.old.end()
        os.unlink(self.previous)
        self.say(f"the new executable has taken over (process {self.new.pid}); process {self.old.pid} drains")
        for number in SIGNALS:
            signal.signal(number, lambda *_: sys.exit(0))
        while self.old.runs():
            time.sleep(0.1)

    def check_old(self):
        """Checks that the old process serves and owns its socket."""
        pid = listening_process(self.socket)
        if pid is None:
            raise self.nothing_answers()
        if pid != self.old.pid:
            raise Failure(f"process {pid} has just taken over {self.socket}")
        self.old_serves = True
        command = self.old.read("cmdline").decode(errors="replace").split("\0")
        if command[1:2] != ["--listen"]:
            program = "".join(each if each.isprintable() else "?" for each in command[0])
            raise Failure(
                f"{self.socket} is held by process {pid} ({program}), which was not started with --listen: "
                "it does not own its socket"
            )
        other = listening_process(self.previous) if os.path.exists(self.previous) else None
        if other not in (None, pid):
            raise Failure(f"process {other} of a killed swap still listens at {self.previous}: end it with TERM first")

    def take_over(self):
        """Renames the new process's socket, which has the old one's group and permissions, and probes it."""
        attributes = os.stat(self.socket)
        if os.stat(self.next).st_gid != attributes.st_gid:
            try:
                os.chown(self.next, -1, attributes.st_gid)
            except PermissionError:
                raise Failure(
                    f"the group of {self.socket} is not one of process {self.old.pid}'s: "
                    "make its user a member of the group"
                ) from None
        os.chmod(self.next, stat.S_IMODE(attributes.st_mode))
        pathlib.Path(self.previous).unlink(missing_ok=True)
        self.has_taken_over = True
        os.link(self.socket, self.previous)
        os.rename(self.next, self.socket)
        if listening_process(self.socket, 3) is None:
            raise Failure("the new executable failed after it had taken over")

    def go_back(self):
        if self.has_taken_over and os.path.exists(self.previous):
            os.rename(self.previous, self.socket)
            # If both were still names of one socket, rename did nothing.
            pathlib.Path(self.previous).unlink(missing_ok=True)
        if self.new:
            self.end_new(may_have_requests=self.has_taken_over)
        pathlib.Path(self.next).unlink(missing_ok=True)
