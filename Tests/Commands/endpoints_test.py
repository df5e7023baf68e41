"""ozon-r2 start, stop, status and check of several endpoints of which one fails."""

import contextlib
import io
import pathlib
import sys
import unittest.mock

from harness import DEPLOY, CommandTest

sys.path.insert(0, str(DEPLOY))

from installation import check, endpoints, processes, routes, status  # noqa: E402

NAMES = ["first", "second", "third"]


class EndpointsTests(CommandTest):
    """Three started endpoints in directories of the test, with scripts in place of systemctl, nginx and the others."""

    def setUp(self):
        super().setUp()
        self.calls, self.snippets = self.scratch / "calls", self.scratch / "snippets"
        for folder in ("lib", "state", "snippets/available", "snippets/locations"):
            (self.scratch / folder).mkdir(parents=True)
        for name in NAMES:
            self.executable(name, "exit 0")
            (self.snippets / "available" / f"{name}.conf").write_text("")
            (self.snippets / "locations" / f"{name}.conf").symlink_to(f"../available/{name}.conf")
        for name in ("nginx", "journalctl"):
            self.program(name, "exit 0")
        self.program("pgrep", "exit 1")
        self.systemctl("exit 0")
        for target, attribute, value in [
            (processes, "PATH", f"{self.scratch}/bin:{processes.PATH}"), (processes, "LIBRARY", self.scratch / "lib"),
            (routes, "SNIPPETS", self.snippets), (routes, "STATE", self.scratch / "state"),
            (processes, "installed_settings", dict),
        ]:  # fmt: skip
            self.enterContext(unittest.mock.patch.object(target, attribute, value))

    def executable(self, name, script):
        file = self.scratch / "lib" / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def systemctl(self, script):
        show = 'case "$*" in *show*) echo ActiveState=active ;; esac'
        self.program("systemctl", f'echo "$*" >>{self.calls}\n{show}\n{script}')

    def fails_for(self, words):
        """A systemctl that fails for these arguments and succeeds for all others."""
        self.systemctl(f'case "$*" in {words}) exit 1 ;; esac')

    def performs(self, action):
        """What the action printed, and the failure that it raised."""
        output, failure = io.StringIO(), None
        with contextlib.redirect_stdout(output):
            try:
                action(NAMES)
            except processes.Failure as raised:
                failure = raised
        return output.getvalue(), failure

    def locations(self):
        return sorted(path.stem for path in (self.snippets / "locations").iterdir())

    def test_the_others_are_stopped_if_the_first_does_not_stop(self):
        self.fails_for('*"stop first.socket"*')
        _, failure = self.performs(endpoints.stop)
        self.assertEqual(failure.code, 1)
        self.assertEqual(str(failure).splitlines()[0], "failed: first")
        self.assertIn("first does not stop", str(failure))
        for name in NAMES:
            self.assertIn(f"stop {name}.socket {name}@1.service {name}@2.service", self.calls.read_text())
        self.assertEqual(self.locations(), [])

    def test_the_others_are_stopped_if_the_location_of_the_first_cannot_be_removed(self):
        unlink = pathlib.Path.unlink

        def refuse(path, **options):
            if path.name == "first.conf":
                raise PermissionError(1, "Operation not permitted", str(path))
            unlink(path, **options)

        with unittest.mock.patch.object(pathlib.Path, "unlink", refuse):
            _, failure = self.performs(endpoints.stop)
        self.assertEqual(failure.code, 1)
        self.assertRegex(str(failure), "^failed: first\nfirst: .*Operation not permitted.*first.conf")
        self.assertNotIn("stop first.socket", self.calls.read_text())
        self.assertIn("stop third.socket", self.calls.read_text())
        self.assertEqual(self.locations(), ["first"])

    def test_a_location_whose_link_was_deleted_is_linked_again_only_after_a_stop(self):
        self.performs(endpoints.start)
        routes.link("first").unlink()
        self.performs(endpoints.start)
        self.assertEqual(self.locations(), ["second", "third"])
        self.performs(endpoints.stop)
        self.performs(endpoints.start)
        self.assertEqual(self.locations(), NAMES)

    def test_an_endpoint_that_still_starts_with_the_machine_is_reported(self):
        self.fails_for('*"disable second.socket"*')
        _, failure = self.performs(endpoints.stop)
        self.assertRegex(str(failure), "^failed: second\nsecond still starts with the machine")
        self.assertIn("stop second.socket", self.calls.read_text())
        self.fails_for('*"enable second.socket"*')
        printed, failure = self.performs(endpoints.start)
        self.assertIn("started: first, third", printed)
        self.assertRegex(str(failure), "^failed: second\nsecond runs, but does not start with the machine")

    def test_the_others_are_started_and_upgraded_if_the_first_fails(self):
        self.fails_for('*"restart first@1.service"*')
        printed, failure = self.performs(endpoints.start)
        self.assertIn("started: second, third", printed)
        self.assertRegex(str(failure), "^failed: first\nfirst@1 does not start")
        self.calls.unlink()
        _, failure = self.performs(endpoints.upgrade)
        self.assertRegex(str(failure), "^failed: first\nfirst does not serve:\nfirst@1.service does not start")
        self.assertIn("restart third@2.service", self.calls.read_text())

    def test_wrong_settings_of_one_endpoint_exit_with_78_after_the_others_are_started(self):
        self.executable("second", "echo 'second: R2_BUCKET_NAME: is missing'; exit 78")
        self.fails_for('*"restart first@1.service"*')
        printed, failure = self.performs(endpoints.start)
        self.assertIn("started: third", printed)
        self.assertEqual(failure.code, 78)
        self.assertIn("failed: first\n", str(failure))
        self.assertIn("settings are wrong: second\nR2_BUCKET_NAME: is missing", str(failure))

    def test_status_has_a_line_for_each_endpoint_if_systemctl_answers_nothing(self):
        self.program("systemctl", "exit 1")
        with contextlib.redirect_stdout(io.StringIO()) as output:
            status.status()
        self.assertEqual([line.split()[0] for line in output.getvalue().splitlines()], ["endpoint", *NAMES])

    def test_check_goes_on_if_nginx_is_not_installed(self):
        (self.scratch / "bin" / "nginx").unlink()
        with contextlib.redirect_stdout(io.StringIO()) as output, \
                unittest.mock.patch.object(processes, "PATH", str(self.scratch / "bin")):  # fmt: skip
            code = check.check(DEPLOY, "")
        self.assertEqual(code, 1)
        self.assertRegex(output.getvalue(), "FAILED  nginx     cannot be checked: .*No such file or directory: 'nginx'")
        self.assertIn("FAILED  sockets   /run/ozon-r2/first.sock", output.getvalue())
