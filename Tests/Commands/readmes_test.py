"""Tests/Checks/readmes: an interruption also ends the commands of a README, and lets them clean up."""

import os
import shutil
import signal

from harness import BUILD, REPOSITORY, WORKING_SWIFT, CommandTest, processes_with


class ReadmesTests(CommandTest):
    def readmes(self):
        """The check in a copy of the repository whose only README starts the demo."""
        copy = self.scratch / "copy"
        for name in ("deploy", "nginx", "Sources/Endpoints"):
            shutil.copytree(REPOSITORY / name, copy / name, symlinks=True, ignore=shutil.ignore_patterns("*.md"))
        (copy / "deploy" / "install-tools").write_text("#!/bin/sh\n")
        (copy / "README.md").write_text("```sh\ndeploy/demo --once\n```\n")
        (copy / "Tests" / "Checks").mkdir(parents=True)
        return shutil.copy2(REPOSITORY / "Tests" / "Checks" / "readmes", copy / "Tests" / "Checks")

    def test_an_interrupted_check_ends_the_demo_that_it_runs_and_its_own_sandbox(self):
        mark = f"{os.getpid()}111"
        self.program("swift", BUILD.format(version=WORKING_SWIFT, scratch=self.scratch, mark=mark))
        changes = {"BIN": os.environ.get("BIN") or str(REPOSITORY / ".build" / "release"),
                   "S3_VENV": os.environ.get("S3_VENV") or str(REPOSITORY / ".build" / "s3-venv")}  # fmt: skip
        readmes = self.readmes()
        for send in (lambda process: process.terminate(), lambda process: os.killpg(process.pid, signal.SIGINT)):
            with self.started(readmes, **changes) as process:
                self.eventually("the demo builds", lambda: (self.scratch / "building").exists())
                send(process)
                output, _ = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 1, output)
            self.assertTrue((self.scratch / "cleaned").exists(), "the build was not allowed to end by itself")
            self.assertEqual(processes_with(f"sleep 777{mark}"), [])
            self.assertEqual(processes_with(str(self.scratch)), [])
            self.assertEqual(self.leftovers(), [])
            for name in ("building", "cleaned"):
                (self.scratch / name).unlink()
