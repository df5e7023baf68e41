"""ozon-r2 setup and the files of settings: hostile answers, and edits of the administrator."""

import contextlib
import io
import os
import sys
import unittest.mock

from harness import DEPLOY, CommandTest

sys.path.insert(0, str(DEPLOY))

import settings  # noqa: E402
from installation import processes, setup  # noqa: E402

ANSWERS = {
    "R2_ENDPOINT_URL": "https://account.r2.cloudflarestorage.com", "R2_BUCKET_NAME": "images",
    "R2_PUBLIC_BASE": "https://images.example.com", "R2_ACCESS_KEY_ID": "key", "R2_SECRET_ACCESS_KEY": "secret",
    "ORIGIN": "https://studio.example.com",
}  # fmt: skip


class SetupCase(CommandTest):
    """Runs setup with a directory of the test in place of /etc/ozon-r2."""

    def setUp(self):
        super().setUp()
        self.etc = self.scratch / "etc"
        (self.etc / "secrets").mkdir(parents=True)
        (self.etc / "environment").write_text("# Settings\n#R2_BUCKET_NAME=\n")
        # Like a machine that has no endpoint which checks R2's settings.
        for target, value in [(settings, self.etc), (setup, self.etc)]:
            self.enterContext(unittest.mock.patch.object(target, "INSTALLED", value))
        self.enterContext(unittest.mock.patch.object(processes, "LIBRARY", self.scratch / "none"))

    def answer(self, **answers):
        """Runs setup with these answers on standard input, and returns what it printed."""
        lines = "".join(f"{value}\n" for value in {**ANSWERS, **answers}.values())
        output, without = io.StringIO(), {name: value for name, value in os.environ.items() if name not in ANSWERS}
        with unittest.mock.patch.dict(os.environ, without, clear=True), contextlib.redirect_stdout(output), \
                unittest.mock.patch("sys.stdin", io.StringIO(lines)):  # fmt: skip
            setup.setup()
        return output.getvalue()

    def files(self):
        return {str(file.relative_to(self.etc)): file.read_text() for file in self.etc.rglob("*") if file.is_file()}


class SetupTests(SetupCase):
    def test_an_invalid_answer_is_refused_by_name_and_nothing_is_written(self):
        before = self.files()
        for name, answer in [
            ("R2_ENDPOINT_URL", "https://[x"), ("R2_ENDPOINT_URL", "https://a/$(id)"), ("R2_BUCKET_NAME", 'a"b;c'),
            ("R2_BUCKET_NAME", "images\\"), ("R2_PUBLIC_BASE", "https://["), ("R2_PUBLIC_BASE", "https://a:99999"),
            ("R2_PUBLIC_BASE", "https://a;b"), ("ORIGIN", "https://a:99999"), ("ORIGIN", "https://.*$"),
            ("ORIGIN", "~^https://a"), ("ORIGIN", "https://a/b"), ("R2_SECRET_ACCESS_KEY", "a b"),
            ("R2_SECRET_ACCESS_KEY", "a\x00b"), ("R2_ACCESS_KEY_ID", "ключ"),
        ]:  # fmt: skip
            with self.assertRaisesRegex(processes.Failure, f"{name} .*nothing has been changed"):
                self.answer(**{name: answer})
            self.assertEqual(self.files(), before, answer)

    def test_a_secret_is_kept_byte_for_byte_and_not_printed(self):
        for secret in ["#a", "a#b\"c'd", "$(id)`id`\\", "-n", "%s%n"]:
            self.assertNotIn(secret, self.answer(R2_SECRET_ACCESS_KEY=f"  {secret}\t"))
            self.assertEqual(self.files()["secrets/r2-secret-access-key"], f"{secret}\n")

    def test_lines_of_the_administrator_in_hosts_and_origins_are_kept(self):
        (self.etc / "hosts").write_text("cdn https://cdn.example.com;\npublic https://old.example.com;\n# mine")
        (self.etc / "origins").write_text('"~^https://b" $http_origin;\n# mine')
        self.answer()
        expected = ["cdn https://cdn.example.com;", f"public {ANSWERS['R2_PUBLIC_BASE']};", "# mine"]
        self.assertEqual(
            self.files()["hosts"].splitlines(), [*expected, f"bucket {ANSWERS['R2_ENDPOINT_URL']};"])
        self.assertEqual(
            self.files()["origins"].splitlines(),
            ['"~^https://b" $http_origin;', "# mine", f"{ANSWERS['ORIGIN']} $http_origin;"])

    def test_an_origin_is_written_once_and_as_browsers_send_it(self):
        for origin in ["https://Studio.example.com/", "https://studio.example.com", "https://STUDIO.EXAMPLE.COM"]:
            self.answer(ORIGIN=origin)
            self.assertEqual(self.files()["origins"], "https://studio.example.com $http_origin;\n")
        (self.etc / "origins").write_text('"https://studio.example.com" $http_origin;\n')
        self.answer()
        self.assertEqual(self.files()["origins"], '"https://studio.example.com" $http_origin;\n')

    def test_an_origin_that_needs_larger_buckets_of_nginx_is_reported(self):
        for length, is_reported in [(46, False), (47, True)]:
            printed = self.answer(ORIGIN="https://".ljust(length, "a"))
            self.assertEqual("map_hash_bucket_size 128;" in printed, is_reported, length)


class SettingsFileTests(CommandTest):
    def read(self, text, **options):
        file = self.scratch / "environment"
        file.write_bytes(text.encode())
        return settings.read_settings(str(file), **options)

    def test_a_file_is_read_as_systemd_reads_it(self):
        text = "# a\r\n;b\r\n\r\nA=1\r\nB= two \r\nC='#3'\r\nD=\"4\"\r\nE=\r\nA=last\r\n"
        self.assertEqual(self.read(text), {"A": "last", "B": "two", "C": "#3", "D": "4", "E": ""})

    def test_wrong_lines_are_named_by_their_numbers_because_they_may_contain_secrets(self):
        with self.assertRaisesRegex(ValueError, "^not of the form NAME=value: line 2, 4$"):
            self.read("A=1\nR2_SECRET_ACCESS_KEY top-secret\nB=2\ntop-secret\n")
        stack = self.run_command(
            DEPLOY / "sandbox" / "stack", "start", self.scratch / "stack",
            SETTINGS_FILE=str(self.scratch / "environment"))
        self.expect_failure(stack, "not of the form NAME=value: line 2,4")
        self.assertNotIn("top-secret", stack.output)

    def test_export_which_systemd_ignores_is_wrong_in_a_file_for_systemd(self):
        self.assertEqual(self.read("export A=1\n"), {"A": "1"})
        with self.assertRaisesRegex(ValueError, "line 1$"):
            self.read("export A=1\n", allow_export=False)
