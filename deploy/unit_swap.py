"""Replaces the executable of systemd units. Used by swap."""

import grp
import os
import pathlib
import pwd
import re
import shlex
import shutil
import stat
import subprocess
import tempfile

from privileges import Failure, Identity, require_private, run_as
from swapping import Swap, listening_process, settings_of_file


class UnitSwap(Swap):
    """Replaces the executable of two units that share systemd's socket."""

    installed, is_replaced, restarted = "", False, ()

    @classmethod
    def applies(cls, name, socket):
        if not shutil.which("systemctl"):
            return False
        active = subprocess.run(["systemctl", "is-active", "--quiet", f"{name}.socket"], stderr=subprocess.DEVNULL)
        return active.returncode == 0 and cls.show("Listen", f"{name}.socket") == f"{socket} (Stream)"

    @staticmethod
    def systemctl(*arguments):
        """The output, or None if the command failed."""
        done = subprocess.run(["systemctl", *arguments], stdout=subprocess.PIPE, text=True)
        return done.stdout.strip() if done.returncode == 0 else None

    @classmethod
    def show(cls, property_name, unit):
        return cls.systemctl("show", "-P", property_name, unit) or ""

    def prepare(self, env):
        if env:
            raise Failure("--env is not possible with systemd: the settings are the unit's")
        require_private(os.path.dirname(self.socket))

    @classmethod
    def identity(cls, unit):
        try:
            user = cls.show("User", unit) or "root"
            entry = pwd.getpwuid(int(user)) if user.isdigit() else pwd.getpwnam(user)
            own = cls.show("Group", unit)
            names = [*own.split(), *cls.show("SupplementaryGroups", unit).split()]
            groups = [int(name) if name.isdigit() else grp.getgrnam(name).gr_gid for name in names]
        except KeyError as error:
            raise Failure(f"{unit}: {error.args[0]}") from None
        group = groups[0] if own else entry.pw_gid
        return Identity(entry.pw_uid, group, [*os.getgrouplist(entry.pw_name, group), *groups])

    def read_unit_settings(self, unit):
        pairs = (each.partition("=") for each in shlex.split(self.show("Environment", unit)))
        self.settings.update({name: value for name, _, value in pairs})
        files = re.findall(r"^(.*) \(ignore_errors=(yes|no)\)$", self.show("EnvironmentFiles", unit), re.MULTILINE)
        for file, is_optional in files:
            if is_optional == "no" or os.path.exists(file):
                self.settings.update(settings_of_file(file))

    def run(self):
        units = [f"{self.name}@{number}.service" for number in (1, 2)]
        if not int(self.show("MainPID", units[0]) or 0):
            raise Failure(f"{units[0]} does not run: there is nothing to swap, see systemctl status {units[0]}")
        self.old_serves = True
        installed = re.match(r"\{ path=(.*?) ; ", self.show("ExecStart", units[0]))
        if not installed:
            raise Failure(f"{units[0]} has no ExecStart=")
        require_private(os.path.dirname(installed[1]))
        self.read_unit_settings(units[0])
        self.installed = installed[1]
        self.copy_binary()
        run_as(self.identity(units[0]), self.try_out)
        previous = f"{self.installed}.previous"
        pathlib.Path(previous).unlink(missing_ok=True)
        os.link(self.installed, previous)
        self.is_replaced = True
        os.rename(self.binary, self.installed)
        for unit in units:
            self.restart(unit)
        self.complete()
        os.unlink(previous)

    def copy_binary(self):
        """Copies BINARY to where it can be renamed over the installed one. From now on only the copy is used, which
        nobody else can change.
        """
        copy = f"{self.installed}.next"
        pathlib.Path(copy).unlink(missing_ok=True)
        # BINARY may have been replaced since it was checked, also by a pipe, which would block here.
        with os.fdopen(os.open(self.binary, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as source:
            mode = os.fstat(source.fileno()).st_mode
            if not stat.S_ISREG(mode) or not mode & 0o111:
                raise Failure(f"{self.binary} is not an executable")
            with os.fdopen(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
                shutil.copyfileobj(source, target)
                os.fchmod(target.fileno(), 0o755)
        self.binary = copy

    def try_out(self):
        """Starts the copy on a private socket. Runs as the endpoint's user, in a process of its own."""
        os.chdir("/")
        self.check_version()
        with tempfile.TemporaryDirectory(dir="/tmp") as scratch, open(f"{scratch}/log", "w+b") as log:
            try:
                self.start(f"{scratch}/{self.name}.sock", log)
            except Failure as failure:
                log.seek(0)
                last = log.read().decode(errors="replace").strip().splitlines()[-1:]
                raise Failure(": ".join([str(failure), *last])) from None
            finally:
                if self.new:
                    self.end_new()

    def restart(self, unit):
        self.restarted += (unit,)
        if self.systemctl("restart", unit) is None:
            raise Failure(f"{unit} did not start with the new executable")
        pid = self.show("MainPID", unit)
        if listening_process(self.socket, 3) is None:
            raise Failure(f"nothing answered after the restart of {unit}")
        if self.show("MainPID", unit) != pid or self.show("ActiveState", unit) != "active":
            raise Failure(f"{unit} ended with the new executable")
        self.say(f"{unit} runs the new executable")

    def go_back(self):
        if self.is_replaced:
            os.rename(f"{self.installed}.previous", self.installed)
            if self.restarted:
                subprocess.run(["systemctl", "restart", *self.restarted], check=True)
        if self.installed:
            pathlib.Path(f"{self.installed}.next").unlink(missing_ok=True)
