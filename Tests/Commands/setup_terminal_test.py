"""ozon-r2 setup on a terminal: prompts without echo, wrong answers, Ctrl-C and Ctrl-D."""

import contextlib
import os
import pty
import re
import select
import signal
import sys
import termios
import time
import unittest.mock

import setup_test
from harness import DEPLOY

from installation import processes, setup  # isort: skip

ANSWERS = setup_test.ANSWERS
SECRETS = {"R2_ACCESS_KEY_ID": "the-key-id", "R2_SECRET_ACCESS_KEY": "top-secret-value"}
# The command itself, as root, with a directory of the test in place of /etc/ozon-r2 and no endpoint installed.
COMMAND = """
import os, pathlib, runpy, sys
deploy, etc = sys.argv[1:]
sys.path.insert(0, deploy)
import settings
settings.INSTALLED = pathlib.Path(etc)
from installation import processes
processes.LIBRARY = pathlib.Path(etc, "none")
os.geteuid = lambda: 0
sys.argv = ["ozon-r2", "setup"]
runpy.run_path(f"{deploy}/ozon-r2", run_name="__main__")
"""


class Terminal:
    """A command whose controlling terminal is a pseudo-terminal, which is that of the test."""

    def __init__(self, *command):
        self.output, self.position = "", 0
        environment = {name: value for name, value in os.environ.items() if name not in ANSWERS}
        self.pid, self.terminal = pty.fork()
        if not self.pid:
            os.execve(command[0], command, environment)

    def read(self, deadline):
        """Reads what the command has printed. False at its end."""
        if not select.select([self.terminal], [], [], max(0, deadline - time.monotonic()))[0]:
            raise AssertionError(f"nothing more after: {self.output!r}")
        try:
            part = os.read(self.terminal, 4096)
        except OSError:  # EIO: all descriptors of the terminal's other side are closed
            return False
        self.output += part.decode()
        return bool(part)

    def wait_for(self, text):
        deadline = time.monotonic() + 20
        while text not in self.output[self.position :]:
            if not self.read(deadline):
                raise AssertionError(f"no {text!r} in: {self.output!r}")
        self.position = self.output.index(text, self.position) + len(text)

    def answer(self, name, answer, end="\n"):
        """Waits for the question, which ends without a newline, and types the answer."""
        self.wait_for(f"{name}: ")
        self.wait_for(": ")
        os.write(self.terminal, (answer + end).encode())

    def echoes(self):
        return bool(termios.tcgetattr(self.terminal)[3] & termios.ECHO)

    def ended(self):
        """The exit status, and the last line."""
        deadline = time.monotonic() + 20
        while self.read(deadline):
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1]), self.output.strip().splitlines()[-1]

    def close(self):
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.terminal)


class SetupTerminalTests(setup_test.SetupCase):
    def terminal(self):
        terminal = Terminal(sys.executable, "-c", COMMAND, str(DEPLOY), str(self.etc))
        self.addCleanup(terminal.close)
        return terminal

    def answers(self, terminal, answers):
        for name, answer in answers.items():
            terminal.answer(name, answer)

    def test_answers_on_a_terminal_are_stored_and_no_secret_is_echoed(self):
        terminal = self.terminal()
        self.answers(terminal, {**ANSWERS, **SECRETS})
        self.assertEqual(terminal.ended()[0], 0, terminal.output)
        for name, secret in SECRETS.items():
            self.assertNotIn(secret, terminal.output)
            self.assertEqual(self.files()[f"secrets/{name.lower().replace('_', '-')}"], f"{secret}\n")
        for name in ("R2_ENDPOINT_URL", "R2_BUCKET_NAME", "R2_PUBLIC_BASE"):
            self.assertIn(f"{name}: ", terminal.output)
            self.assertIn(f"{name}={ANSWERS[name]}\n", self.files()["environment"])
        self.assertNotIn(self.files()["secrets/api-keys"].strip(), terminal.output)
        # The present values, the secrets among them, are kept.
        before = self.files()
        terminal = self.terminal()
        self.answers(terminal, dict.fromkeys(ANSWERS, ""))
        self.assertEqual(terminal.ended()[0], 0, terminal.output)
        self.assertIn("[unchanged]", terminal.output)
        self.assertEqual([secret for secret in SECRETS.values() if secret in terminal.output], [])
        self.assertEqual(self.files(), before)

    def leave(self, key, code, pattern):
        """Types the key at each question, without present values and with them."""
        for has_values in (False, True):
            if has_values:
                self.answer()
            before = self.files()
            for at, name in enumerate(ANSWERS):
                terminal = self.terminal()
                self.answers(terminal, dict(list({**ANSWERS, **SECRETS}.items())[:at]))
                terminal.answer(name, key, end="")
                ended, last = terminal.ended()
                self.assertEqual(ended, code, terminal.output)
                self.assertRegex(last, pattern.replace("NAME", name))
                self.assertEqual(len(re.findall("ozon-r2: ", terminal.output)), 1, terminal.output)
                self.assertNotIn("Traceback", terminal.output)
                self.assertEqual(self.files(), before)

    def test_Ctrl_C_at_each_question_ends_setup_with_a_sentence_and_nothing_is_written(self):
        self.leave("\x03", 130, "^ozon-r2: interrupted; nothing has been changed$")

    def test_Ctrl_D_at_each_question_ends_setup_with_a_sentence_and_nothing_is_written(self):
        self.leave("\x04", 1, "^ozon-r2: the input ended at NAME; nothing has been changed$")

    def test_the_terminal_echoes_again_after_Ctrl_C_at_a_secret(self):
        terminal = self.terminal()
        # Keeps the terminal open beyond the end of the command.
        other = os.open(f"/proc/{terminal.pid}/fd/0", os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, other)
        self.answers(terminal, dict(list(ANSWERS.items())[:3]))
        terminal.wait_for("R2_ACCESS_KEY_ID: ")
        terminal.wait_for(": ")
        self.assertFalse(terminal.echoes())
        os.write(terminal.terminal, b"half\x03")
        terminal.wait_for("nothing has been changed")
        self.assertTrue(terminal.echoes())
        self.assertNotIn("half", terminal.output)

    def test_a_wrong_answer_is_named_and_asked_again(self):
        wrong = {
            "R2_ENDPOINT_URL": ("ftp://a", "must be https://<account-id>"),
            "R2_BUCKET_NAME": ("A_B", "must be the name of a bucket"), "R2_PUBLIC_BASE": ("images", "must be a URL"),
            "R2_ACCESS_KEY_ID": ("", "is missing"),
            "R2_SECRET_ACCESS_KEY": ("wrong secret", "contains invalid characters"),
            "ORIGIN": ("https://a/b", "must be scheme, host and port only"),
        }  # fmt: skip
        terminal = self.terminal()
        for name, (answer, fault) in wrong.items():
            terminal.answer(name, answer)
            terminal.wait_for(f"{name} {fault}")
            terminal.answer(name, {**ANSWERS, **SECRETS}[name])
        self.assertEqual(terminal.ended()[0], 0, terminal.output)
        self.assertEqual(self.files()["secrets/r2-secret-access-key"], f"{SECRETS['R2_SECRET_ACCESS_KEY']}\n")
        self.assertNotIn("wrong secret", terminal.output)

    def test_Ctrl_C_while_the_files_are_written_takes_effect_after_the_last_one(self):
        replace = os.replace

        def interrupted(*arguments):
            os.kill(os.getpid(), signal.SIGINT)
            replace(*arguments)

        with unittest.mock.patch.object(os, "replace", interrupted), self.assertRaises(KeyboardInterrupt):
            self.answer()
        self.assertEqual(
            sorted(self.files()),
            ["environment", "hosts", "origins"]
            + [f"secrets/{name}" for name in ("api-keys", "r2-access-key-id", "r2-secret-access-key")])
        self.assertIn(ANSWERS["R2_BUCKET_NAME"], self.files()["environment"])

    def test_a_failure_to_write_leaves_all_files_as_they_were(self):
        before = self.files()
        fchmod, count = os.fchmod, 0

        def full(*arguments):
            nonlocal count
            count += 1
            if count == 4:
                raise OSError(28, "No space left on device")
            fchmod(*arguments)

        with unittest.mock.patch.object(os, "fchmod", full), self.assertRaisesRegex(OSError, "No space left"):
            self.answer()
        self.assertEqual(self.files(), before)

    def test_a_file_that_cannot_be_read_is_reported_before_anything_is_written(self):
        (self.etc / "origins").write_bytes(b"\xff\n")
        before = (self.etc / "environment").read_text()
        with self.assertRaisesRegex(processes.Failure, "nothing has been changed$"):
            self.answer()
        self.assertEqual((self.etc / "environment").read_text(), before)
        self.assertFalse(setup.secret_file("API_KEYS").exists())
