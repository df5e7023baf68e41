"""deploy/demo and deploy/test: options that are wrong, builds that fail, and interruptions."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import unittest

from harness import BUILD, DEPLOY, REPOSITORY, WORKING_SWIFT, CommandTest, processes_with

class OptionTests(CommandTest):
    def test_a_wrong_port_is_refused_by_the_name_of_its_option_before_anything_is_built(self):
        for port in ["08080", "80", "65529", "99999999999999999999", "0x1f90", "", "http", "8080 "]:
            self.expect_failure(self.run_command(DEPLOY / "demo", "--port", port), "--port must be", f"not '{port}'")

    def test_a_port_in_use_is_refused_before_anything_is_built(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            port = listener.getsockname()[1]
            ended = self.run_command(DEPLOY / "demo", "--port", port - 3)
            self.expect_failure(ended, f"port {port} is in use (--port {port - 3} needs")

    def test_wrong_arguments_print_the_usage_also_under_another_shell(self):
        for command in [("demo", "--nonsense"), ("demo", "--port"), ("test", "--nonsense"), ("install-tools", "x")]:
            for shell in [(), ("sh",), ("dash",)]:
                ended = self.run_command(*shell, DEPLOY / command[0], *command[1:])
                self.assertEqual(ended.code, 64, ended.output)
                self.assertIn(f"{command[0]} ", ended.output)

    def test_settings_that_cannot_be_read_are_named(self):
        for path in ["/nonexistent", "/tmp"]:
            self.expect_failure(self.run_command(DEPLOY / "demo", "--env", path), f"cannot read {path}")


class BuildTests(CommandTest):
    def setUp(self):
        super().setUp()
        self.mark = f"{os.getpid()}{id(self) % 1000}"  # of this test's compiler
        self.program("swift", BUILD.format(version=WORKING_SWIFT, scratch=self.scratch, mark=self.mark))

    def wait_for_build(self):
        self.eventually("the build runs", lambda: (self.scratch / "building").exists())

    def expect_end(self):
        self.assertTrue((self.scratch / "cleaned").exists(), "the build was not allowed to end by itself")
        self.assertEqual(processes_with(f"sleep 777{self.mark}"), [])
        self.assertEqual(self.leftovers(), [])

    def test_ctrl_c_during_the_build_waits_for_its_compilers_and_leaves_no_file(self):
        with self.started(DEPLOY / "demo", "--once") as process:
            self.wait_for_build()
            ended = self.interrupt(process)
        self.assertEqual(ended.code, 1, ended.output)
        self.assertEqual(ended.output.splitlines()[-1], "stopping")
        self.expect_end()

    def test_ctrl_c_waits_for_a_compiler_that_outlives_the_build_and_leaves_no_file(self):
        compiler = f"""setsid bash -c 'touch {self.scratch}/building; sleep 2; mkdir -p "$TMPDIR"; : {self.mark}'"""
        self.program("swift", f'[ "$1" != --version ] || {{ {WORKING_SWIFT}; exit; }}; {compiler} & wait')
        with self.started(DEPLOY / "demo", "--once") as process:
            self.wait_for_build()
            ended = self.interrupt(process)
        self.assertEqual((ended.code, ended.output.splitlines()[-1]), (1, "stopping"))
        self.assertEqual(processes_with(self.mark), [])
        self.assertEqual(self.leftovers(), [])

    def test_a_signal_to_the_demo_alone_does_the_same(self):
        for name in (signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP):
            with self.started(DEPLOY / "demo", "--once") as process:
                self.wait_for_build()
                process.send_signal(name)
                process.communicate(timeout=30)
            self.assertEqual(process.returncode, 1)
            self.expect_end()
            for file in ("building", "cleaned"):
                (self.scratch / file).unlink()

    def test_a_failed_build_is_reported_and_leaves_no_file(self):
        self.program("swift", f'[ "$1" != --version ] || {{ {WORKING_SWIFT}; exit; }}; echo "error: x"; exit 1')
        ended = self.run_command(DEPLOY / "demo", "--once")
        self.assertEqual(ended.code, 1)
        self.assertEqual(ended.output.splitlines()[-2:], ["error: x", "demo: the build failed; see above"])
        self.assertEqual(self.leftovers(), [])

    def test_a_reader_that_leaves_ends_the_demo_without_an_error(self):
        self.program("swift", f'[ "$1" != --version ] || {{ {WORKING_SWIFT}; exit; }}; yes building')
        script = '{ "$1" --once; echo "code $?" >&2; } | head -n 3'
        ended = self.run_command("bash", "-c", script, "bash", DEPLOY / "demo")
        self.assertRegex(ended.output, r"^== tools .*\n== building.*\nbuilding\ncode 141\n$")
        self.assertEqual(self.leftovers(), [])

    @unittest.skipIf(os.environ.get("LONG", "") == "", "takes half a minute of heavy load: LONG=1")
    def test_ctrl_c_during_a_real_build_leaves_no_compiler(self):
        (self.scratch / "bin" / "swift").unlink()
        copy = self.scratch / "copy"
        copy.mkdir()
        files = subprocess.check_output(["git", "ls-files", "-z"], cwd=REPOSITORY, text=True).split("\0")
        for name in filter(None, files):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, copy / name, follow_symlinks=False)
        compilers = lambda: [line for line in processes_with(str(copy)) if "swift-frontend" in line]  # noqa: E731
        with self.started(copy / "deploy" / "demo", "--once") as process:
            self.eventually("two compilers run", lambda: len(compilers()) >= 2, seconds=120)
            ended = self.interrupt(process)
            self.assertEqual(compilers(), [])
        self.assertEqual(ended.code, 1, ended.output)
        self.assertEqual(self.leftovers(), [])


# A check that starts a process as deploy/sandbox/stack does, and waits.
SANDBOX = """
dir=$TMPDIR/sandbox; mkdir -p $dir/log; . deploy/sandbox/processes.sh
spawn server sleep 777{mark}
touch {scratch}/started
wait"""


class RunTests(CommandTest):
    def deploy_test(self, scripts_check):
        """deploy/test, where tools and the first check succeed, and the second check is this script."""
        copy = self.scratch / "copy"
        (copy / "Tests" / "Checks").mkdir(parents=True)
        shutil.copytree(DEPLOY, copy / "deploy", symlinks=True)
        for name, script in [("deploy/install-tools", "exit 0"), ("Tests/Checks/format", "exit 0"),
                             ("Tests/Checks/scripts", scripts_check)]:
            pathlib.Path(copy, name).write_text(f"#!/bin/bash\n{script}\n")
            pathlib.Path(copy, name).chmod(0o755)
        return copy / "deploy" / "test"

    def test_ctrl_c_in_deploy_test_ends_the_sandbox_of_an_interrupted_test(self):
        mark = f"{os.getpid()}000"
        with self.started(self.deploy_test(SANDBOX.format(scratch=self.scratch, mark=mark))) as process:
            self.eventually("the sandbox runs", lambda: (self.scratch / "started").exists())
            ended = self.interrupt(process)
        self.assertEqual(ended.code, 1, ended.output)
        self.assertEqual(processes_with(f"sleep 777{mark}"), [])
        self.assertEqual(self.leftovers(), [])

    def test_the_steps_of_deploy_test_are_numbered_and_the_failed_one_is_named(self):
        ended = self.run_command(self.deploy_test("echo wrong; touch $TMPDIR/x; exit 1"), LONG="")
        self.assertEqual(ended.code, 1)
        self.assertRegex(
            ended.output, r"^(\d+) steps, which take about 10 minutes.*\n== 1 of \1: tools \(\d+\.\d s\)\n"
            r"== 2 of \1: check: format .*\n== 3 of \1: check: scripts .*\nwrong\ntest: check: scripts: failed\n$")
        self.assertEqual(self.leftovers(), [])
