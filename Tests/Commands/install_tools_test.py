"""deploy/install-tools: each failure has one sentence that says what is wrong."""

import os
import shutil
import subprocess
import unittest

from harness import DEPLOY, CommandTest, silent_port

NO_PYTHON = "exit 1"  # install-tools then finds that python3-venv is missing
USER = 'if [ "$*" = -u ]; then echo 1000; else exec /usr/bin/id "$@"; fi'


class SwiftTests(CommandTest):
    def install_tools(self, **changes):
        return self.run_command(DEPLOY / "install-tools", **changes)

    def test_nothing_is_printed_if_nothing_is_missing(self):
        ended = self.install_tools()
        self.assertEqual((ended.code, ended.output), (0, ""))

    def test_a_swift_without_its_libraries_is_reported_in_its_own_words(self):
        self.program("swift", 'echo "swift: libncurses.so.6: cannot open shared object file" >&2; exit 127')
        self.expect_failure(self.install_tools(), "swift --version failed with exit code 127", "libncurses.so.6")

    def test_a_swift_that_dies_silently_is_reported(self):
        self.program("swift", "kill -ILL $$")
        self.expect_failure(self.install_tools(), "swift --version failed with exit code 132")

    def test_a_swift_that_prints_no_version_is_reported(self):
        self.program("swift", "echo hello")
        self.expect_failure(self.install_tools(), "printed no version")

    def test_an_old_swift_is_reported_with_its_version(self):
        for version, accepted in [("5.10.1", False), ("6.1.3", False), ("6.2", True), ("6.10", True), ("7.0", True)]:
            self.program("swift", f'echo "Swift version {version} (swift-RELEASE)"')
            ended = self.install_tools()
            self.assertEqual(ended.code, 0 if accepted else 1, f"{version}: {ended.output}")
            self.assertEqual("is too old" in ended.output, not accepted)

    def test_a_missing_swift_is_reported_and_sudo_is_named_if_it_hides_swift(self):
        (self.scratch / "bin" / "swift").unlink()
        self.without("swift")
        self.expect_failure(self.install_tools(), "Swift is missing", "https://www.swift.org/install/linux/")
        self.expect_failure(self.install_tools(SUDO_USER="someone"), "without sudo")


class PlaceTests(CommandTest):
    def test_a_temporary_directory_that_cannot_be_used_is_called_tmpdir(self):
        odd, long, file = (self.scratch / name for name in ("ключ", "x" * 40, "file"))
        odd.mkdir()
        long.mkdir()
        file.touch()
        for value, text in [(self.scratch / "none", "not a directory"), (file, "not a directory"),
                            (odd, "only letters"), (long, "at most 32 characters")]:
            ended = self.run_command(DEPLOY / "install-tools", TMPDIR=str(value))
            self.expect_failure(ended, "TMPDIR", text)

    def test_swift_gets_a_temporary_directory_that_is_deleted_even_if_tmpdir_is_empty(self):
        self.program("swift", 'touch "$TMPDIR/forgotten" && echo "Swift version 6.3.1"')
        for changes in ({}, {"TMPDIR": ""}):
            ended = self.run_command(DEPLOY / "install-tools", **changes)
            self.assertEqual((ended.code, ended.output, self.leftovers()), (0, "", []))

    def test_a_home_that_cannot_be_written_to_is_reported(self):
        self.expect_failure(self.run_command(DEPLOY / "install-tools", HOME="/dev/null"), "HOME", "Swift")

    @unittest.skipIf(os.getuid() != 0, "needs two users")
    def test_a_checkout_or_build_of_another_user_is_reported_with_what_to_do(self):
        for name in (".", "tmp"):
            (self.scratch / name).chmod(0o777)
        copy = self.scratch / "copy"
        shutil.copytree(DEPLOY, copy / "deploy", symlinks=True)
        as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", copy / "deploy" / "install-tools"]
        home = {"HOME": str(self.scratch / "tmp")}
        expected = f"folder {copy}/.build cannot be written to, but the executables are built there"
        self.expect_failure(self.run_command(*as_nobody, **home), expected)
        copy.chmod(0o777)
        ended = self.run_command(*as_nobody, **home)
        self.assertEqual((ended.code, ended.output), (0, ""))
        (copy / ".build" / "release").mkdir(parents=True)
        (copy / ".build" / "release" / "product").touch()
        for name in (".build", ".build/release", ".build/release/product"):
            expected = f"{copy}/{name} belongs to another user (was it built with sudo?); sudo rm -r {copy}/.build"
            self.expect_failure(self.run_command(*as_nobody, **home), expected)
            os.chown(copy / name, 65534, 65534)
        self.assertEqual(self.run_command(*as_nobody, **home).code, 0)

    def test_unsupported_distributions_are_refused_by_name(self):
        mount = ["unshare", "-m"] if os.getuid() == 0 else ["unshare", "-rm"]
        if subprocess.run([*mount, "true"], capture_output=True).returncode != 0:
            self.skipTest("mount namespaces are not available")
        release = self.scratch / "os-release"
        for identity, number, name, accepted in [
            ("debian", "11", "Debian GNU/Linux 11 (bullseye)", False), ("debian", "12", "Debian 12", True),
            ("debian", "13", "Debian 13", True), ("debian", "", "Debian GNU/Linux forky/sid", True),
            ("ubuntu", "22.04", "Ubuntu 22.04.5 LTS", False), ("ubuntu", "24.04", "Ubuntu 24.04.3 LTS", True),
            ("fedora", "43", "Fedora Linux 43", False),
        ]:  # fmt: skip
            version = f'VERSION_ID="{number}"\n' if number else ""
            release.write_text(f'PRETTY_NAME="{name}"\nNAME="x"\n{version}ID={identity}\n')
            script = 'mount --bind "$1" /etc/os-release && exec "$2"'
            ended = self.run_command(*mount, "sh", "-c", script, "sh", release, DEPLOY / "install-tools")
            if accepted:
                self.assertEqual((ended.code, ended.output), (0, ""), name)
            else:
                self.expect_failure(ended, f"this is {name}, but Debian 12 or 13 or Ubuntu 24.04 is needed")


class PackageTests(CommandTest):
    def setUp(self):
        super().setUp()
        self.program("python3", NO_PYTHON)
        self.program("id", USER)
        self.program("sudo", 'exec "$@"')
        self.calls = self.scratch / "calls"
        self.calls.touch()

    def apt(self, script):
        self.program("apt-get", f'echo "$*" >>{self.calls}\n{script}')

    def install_tools(self):
        return self.run_command(DEPLOY / "install-tools")

    def test_what_is_missing_is_installed(self):
        self.apt("exit 0")
        ended = self.install_tools()
        self.assertEqual(ended.code, 0, ended.output)
        self.assertRegex(self.calls.read_text(), r"(?m) update$\n.* install -y --no-install-recommends python3-venv$")

    def test_the_words_of_sudo_are_shown_if_it_refuses(self):
        self.apt("exit 0")
        for words in ["sudo: 3 incorrect password attempts", "someone is not in the sudoers file.",
                      "sudo: a terminal is required to read the password"]:
            self.program("sudo", f'echo "{words}" >&2; exit 1')
            self.expect_failure(
                self.install_tools(), words, "sudo refused", "apt-get update && apt-get install python3-venv", lines=3)
        self.assertEqual(self.calls.read_text(), "")

    def test_a_user_without_sudo_is_told_the_command_for_root(self):
        self.apt("exit 0")
        (self.scratch / "bin" / "sudo").unlink()
        self.without("sudo")
        self.expect_failure(self.install_tools(), "sudo is missing; run as root: apt-get update && apt-get install")

    def test_the_reason_of_apt_is_shown(self):
        self.apt('case $* in *update) echo "E: Failed to fetch http://deb.example/"; exit 100; esac')
        self.expect_failure(self.install_tools(), "apt-get update failed", "E: Failed to fetch http://deb.ex", lines=2)
        self.apt('case $* in *" install "*) echo "E: Unable to locate package x"; exit 100; esac')
        self.expect_failure(self.install_tools(), "apt-get install python3-venv failed", "E: Unable to loc", lines=2)

    def test_a_network_without_answers_is_reported_within_seconds(self):
        with silent_port() as port:
            uri = f"http://127.0.0.1:{port}/debian/dists/bookworm/InRelease"
            self.apt(f"""case $* in *--print-uris) echo "'{uri}' name 0" ;; *update) sleep 60; exit 100 ;; esac""")
            ended = self.install_tools()
        self.expect_failure(ended, f"no answer from {uri} within 10 s; is the network available?", lines=2)
        self.assertLess(ended.seconds, 45)


