"""Shared by the tests of the commands: a directory of programs to replace those in PATH, runs, and conditions."""

import atexit
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = REPOSITORY / "deploy"
WORKING_SWIFT = 'echo "Swift version 6.3.1 (swift-6.3.1-RELEASE)"'
# A build that starts a compiler in a process group of its own, as Swift does. INT ends both after a second; anything
# else leaves the compiler running.
BUILD = """
if [ "$1" = --version ]; then {version}; exit; fi
trap 'sleep 1; kill $compiler; touch {scratch}/cleaned; exit 130' INT
echo "forgotten" >"$TMPDIR/forgotten"
setsid sleep 777{mark} & compiler=$!
touch {scratch}/building
wait"""


class Ended:
    """A command that has ended: its exit code, everything that it printed, and the seconds that it took."""

    def __init__(self, code, output, seconds=0.0):
        self.code, self.output, self.seconds = code, output, seconds


class CommandTest(unittest.TestCase):
    """Each test has a directory of its own, with `bin` first in PATH and `tmp` as TMPDIR."""

    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="c.", dir="/tmp"))
        # Also after Ctrl-C, when unittest does no cleanups.
        atexit.register(shutil.rmtree, self.scratch, ignore_errors=True)
        self.addCleanup(shutil.rmtree, self.scratch)
        for name in ("bin", "tmp"):
            (self.scratch / name).mkdir()
        self.environment = dict(
            os.environ, PATH=f"{self.scratch}/bin:{os.environ['PATH']}:/usr/sbin", TMPDIR=f"{self.scratch}/tmp")
        self.environment.pop("SUDO_USER", None)
        self.program("swift", WORKING_SWIFT)

    def program(self, name, script):
        """Puts a shell script in front of the program of this name."""
        file = self.scratch / "bin" / name
        file.write_text(f"#!/bin/bash\n{script}\n")
        file.chmod(0o755)

    def without(self, *names):
        """Leaves all programs in PATH except these."""
        farm = self.scratch / "farm"
        farm.mkdir()
        for folder in reversed(self.environment["PATH"].split(":")):
            for file in pathlib.Path(folder).iterdir() if os.path.isdir(folder) else []:
                if file.name not in names:
                    (farm / file.name).unlink(missing_ok=True)
                    (farm / file.name).symlink_to(file)
        self.environment["PATH"] = str(farm)

    def run_command(self, *command, **changes):
        begun = time.monotonic()
        with self.started(*command, **changes) as process:
            output, _ = process.communicate(timeout=120)
        return Ended(process.returncode, output, time.monotonic() - begun)

    def expect_failure(self, ended, *texts, lines=1):
        """The command has exited with 1 and printed these texts, in so many lines."""
        self.assertEqual(ended.code, 1, ended.output)
        for text in texts:
            self.assertIn(text, ended.output)
        self.assertEqual(len(ended.output.splitlines()), lines, ended.output)

    @contextlib.contextmanager
    def started(self, *command, **changes):
        """A command in a process group of its own, like one that was typed at a terminal."""
        process = subprocess.Popen(
            [str(word) for word in command], env={**self.environment, **changes}, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=heed_interrupts)
        try:
            yield process
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.interrupt(process)  # so that it ends what it has started
            raise
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            process.stdout.close()  # a process that the command has left behind may have it open as well

    def interrupt(self, process):
        """Ctrl-C: INT to the whole group."""
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=30)
        return Ended(process.returncode, output)

    def eventually(self, text, condition, seconds=30):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"not true within {seconds} s: {text}")
            time.sleep(0.02)

    def leftovers(self):
        return sorted(path.name for path in (self.scratch / "tmp").iterdir())


def heed_interrupts():
    """A command in the background of a shell inherits that Ctrl-C is ignored, and a shell can't change that."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


def processes_with(text):
    """The command lines of the processes that have this text in theirs."""
    found = []
    for file in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if text in line and int(file.parent.name) != os.getpid():
                found.append(line)
    return found


@contextlib.contextmanager
def silent_port():
    """A port of 127.0.0.1 on which connections are accepted by the kernel and never answered."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        yield listener.getsockname()[1]
