"""deploy/swap: a signal from the terminal while the old and the new process run, and the lock of an endpoint."""

import os
import signal
import subprocess
import sys

from harness import DEPLOY, REPOSITORY, CommandTest, processes_with

sys.path.insert(0, str(DEPLOY))

from privileges import Failure, lock  # noqa: E402

ENDPOINT = "r2-presigned-url"
SETTINGS = {
    "R2_ENDPOINT_URL": "https://account.r2.cloudflarestorage.com", "R2_ACCESS_KEY_ID": "key",
    "R2_SECRET_ACCESS_KEY": "secret", "R2_BUCKET_NAME": "images", "R2_PUBLIC_BASE": "https://images.example.com",
    "API_KEYS": "key",
}  # fmt: skip


class SwapTests(CommandTest):
    def test_an_interrupted_swap_ends_the_new_process_and_gives_the_socket_back(self):
        executable = REPOSITORY / os.environ.get("BIN", ".build/release") / ENDPOINT
        copy = self.scratch / "new"
        copy.write_bytes(executable.read_bytes())
        copy.chmod(0o755)
        socket = self.scratch / f"{ENDPOINT}.sock"
        old = subprocess.Popen([executable, "--listen", socket], env=SETTINGS, stderr=subprocess.DEVNULL)
        try:
            self.eventually("the old process listens", socket.exists)
            before = socket.stat().st_ino
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP):
                with self.started(DEPLOY / "swap", "--run", self.scratch, ENDPOINT, copy) as process:
                    self.eventually("the new process has taken over", (self.scratch / f"{socket.name}.previous").exists)
                    process.send_signal(number)
                    output, _ = process.communicate(timeout=30)
                self.assertEqual(process.returncode, 1, output)
                self.assertIn("the old executable serves as before", output)
                self.assertEqual(socket.stat().st_ino, before)
                self.assertFalse((self.scratch / f"{socket.name}.previous").exists())
                self.eventually("the new process has ended", lambda: not processes_with(f"{copy} --listen"))
        finally:
            old.terminate()
            old.wait(timeout=30)


class LockTests(CommandTest):
    def test_a_lock_excludes_a_second_one_and_leaves_the_content_of_its_file(self):
        path = self.scratch / "lock"
        path.write_text("kept")
        first = lock(str(path))
        self.assertIsNone(lock(str(path)))
        os.close(first)
        second = lock(str(path))
        self.assertIsNotNone(second)
        os.close(second)
        self.assertEqual(path.read_text(), "kept")

    def test_a_link_a_pipe_and_a_directory_are_not_locked(self):
        target = self.scratch / "target"
        (self.scratch / "link").symlink_to(target)
        os.mkfifo(self.scratch / "pipe")
        (self.scratch / "directory").mkdir()
        for name in ("link", "pipe", "directory"):
            with self.assertRaises((OSError, Failure), msg=name):
                lock(str(self.scratch / name))
        self.assertFalse(target.exists())
