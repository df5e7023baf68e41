"""deploy/swap: a signal from the terminal while the old and the new process run."""

import os
import signal
import subprocess

from harness import DEPLOY, REPOSITORY, CommandTest, processes_with

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
                self.assertEqual(processes_with(f"{copy} --listen"), [])
        finally:
            old.terminate()
            old.wait(timeout=30)
