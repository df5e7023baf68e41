"""What root needs to act on the processes and files of another user, who may be hostile: processes are identified by
their pidfd, and everything that concerns the other user is done with that user's privileges only.
"""

import contextlib
import ctypes
import fcntl
import os
import pathlib
import select
import signal
import stat
from typing import NamedTuple

# The variable PATH of processes that are started. Those of other processes are never used.
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SIGNALS = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP)
_PIDFD_GETFD = 438  # of all architectures


class Failure(Exception):
    pass


class Identity(NamedTuple):
    user: int
    group: int
    groups: list[int]


class Process:
    """A running process. Unlike its id, its pidfd never denotes another process."""

    def __init__(self, pid: int):
        self.pid = pid
        try:
            self.handle = os.pidfd_open(pid)
        except OSError as error:
            raise Failure(f"process {pid}: {error.strerror}") from None

    def runs(self) -> bool:
        return not select.select([self.handle], [], [], 0)[0]

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.handle, signal.SIGTERM)

    def read(self, name: str) -> bytes:
        """The content of a file in /proc/PID."""
        try:
            content = pathlib.Path(f"/proc/{self.pid}/{name}").read_bytes()
        except PermissionError:
            raise Failure(f"process {self.pid} belongs to another user: run this as root or as that user") from None
        except OSError:
            content = b""
        # If it still runs, the file was not one of a later process with the same id.
        if not self.runs():
            raise Failure(f"process {self.pid} has ended")
        return content

    def identity(self) -> Identity:
        """Its user and groups. Fails if it runs with the privileges of another user or group too."""
        lines = (line.split() for line in self.read("status").decode().splitlines())
        words = {line[0]: [int(word) for word in line[1:]] for line in lines if line[0] in ("Uid:", "Gid:", "Groups:")}
        if len(set(words["Uid:"])) > 1 or len(set(words["Gid:"])) > 1:
            raise Failure(f"process {self.pid} runs with the privileges of more than one user or group")
        return Identity(words["Uid:"][0], words["Gid:"][0], words["Groups:"])

    def copy_of_descriptor(self, number: int) -> int:
        """A duplicate of the process's descriptor, which permits no more than that one does. Raises OSError."""
        libc = ctypes.CDLL(None, use_errno=True)
        copy = libc.syscall(_PIDFD_GETFD, self.handle, number, 0)
        if copy < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return copy


def become(identity: Identity) -> None:
    """Gives up the privileges of this process for good, if they are those of another user."""
    if identity.user != os.geteuid():
        if os.geteuid():
            raise Failure("the process belongs to another user: run this as root or as that user")
        os.setgroups(identity.groups)
        os.setresgid(identity.group, identity.group, identity.group)
        os.setresuid(identity.user, identity.user, identity.user)


def run_as(identity: Identity, function) -> None:
    """Runs the function in a process of its own with these privileges. Raises Failure with its reason if it fails."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            os.close(reader)
            become(identity)
            function()
            code = 0
        except (Failure, OSError) as error:
            os.write(writer, str(error).encode(errors="replace")[:4096])
        finally:
            os._exit(code)
    try:
        os.close(writer)
        with open(reader, errors="replace") as pipe:
            reason = pipe.read()
        code = os.waitpid(child, 0)[1]
    except BaseException:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
        raise
    if code:
        raise Failure(reason or "the trial was interrupted")


def require_private(directory: str) -> None:
    """Fails if someone other than root and this process's user may create or rename files in the directory."""
    attributes = os.stat(directory)
    if attributes.st_uid not in (0, os.geteuid()) or stat.S_IMODE(attributes.st_mode) & 0o022:
        raise Failure(f"another user may write in {directory}")


def lock(path: str) -> "int | None":
    """Locks a file and creates it if necessary, without changing one that exists. None if it is locked already."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY, 0o600)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        raise Failure(f"{path} is not a regular file")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    return file
