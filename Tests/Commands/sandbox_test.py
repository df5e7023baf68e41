"""What is built in steps or started in parts: an interruption or a failure leaves nothing half done."""

import http.server
import shutil
import signal
import threading
import zipfile

from harness import DEPLOY, CommandTest, processes_with, silent_port


class VirtualEnvironmentTests(CommandTest):
    def setUp(self):
        super().setUp()
        self.venv = self.scratch / "venv"
        wheels = self.scratch / "wheels"
        wheels.mkdir()
        for version in ("1", "2"):
            self.wheel(wheels, version)
        self.offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": "/dev/null"}

    def wheel(self, folder, version):
        info = f"sample-{version}.dist-info"
        with zipfile.ZipFile(folder / f"sample-{version}-py3-none-any.whl", "w") as file:
            file.writestr("sample.py", f"version = {version}\n")
            file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: sample\nVersion: {version}\n")
            file.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            file.writestr(f"{info}/RECORD", "")

    def make(self, version):
        return self.run_command(DEPLOY / "venv", self.venv, f"sample=={version}", **self.offline)

    def expect_version(self, version):
        ended = self.run_command(self.venv / "bin" / "python", "-c", "import sample; print(sample.version)")
        self.assertEqual(ended.output, f"{version}\n")

    def test_an_environment_is_made_once_and_anew_after_an_interruption_and_for_other_versions(self):
        python, made = shutil.which("python3"), self.scratch / "made"
        # Without bin/pip, an environment is like one whose making was interrupted: another "python -m venv" would not
        # add it.
        self.program("python3", f"""
            [ "$1" = -m ] || exec {python} "$@"
            {python} "$@"
            rm "$3"/bin/pip*
            touch {made}
            sleep 60""")
        with self.started(DEPLOY / "venv", self.venv, "sample==1", **self.offline) as process:
            self.eventually("it is half made", made.exists)
            ended = self.interrupt(process)
        (self.scratch / "bin" / "python3").unlink()
        self.assertNotEqual(ended.code, 0)
        self.assertTrue((self.venv / "bin" / "python").exists())
        self.assertFalse((self.venv / "bin" / "pip").exists())
        self.assertEqual(self.leftovers(), [])
        for version in (1, 2):
            self.assertRegex(self.make(version).output, r"^installing from PyPI into .*: sample\n$")
            self.expect_version(version)
            self.assertEqual(self.make(version).output, "")


class BundleTests(CommandTest):
    def test_a_folder_that_is_bundled_already_or_another_one_keeps_its_files(self):
        folder = self.scratch / "html"
        folder.mkdir()
        (folder / "page.js").write_text("")
        self.program("esbuild", "exit 0")
        self.expect_failure(self.run_command(DEPLOY / "bundle", folder), "is no copy of nginx/html, or is bundled")
        self.assertEqual([file.name for file in folder.iterdir()], ["page.js"])

    def test_an_option_that_does_not_exist_is_answered_with_the_usage(self):
        for name in ("bundle", "units", "package", "probe", "soak", "swap", "fuzz", "check-r2", "check-ozon"):
            ended = self.run_command(DEPLOY / name, "--nothing")
            self.assertEqual(ended.code, 64, name)
            self.assertRegex(ended.output, f"^usage: {name} ")


class MainJobTests(CommandTest):
    def test_ctrl_c_ends_the_main_job_without_a_message_of_python(self):
        with http.server.HTTPServer(("127.0.0.1", 0), Answers) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            (self.scratch / "env").write_text(f"URL=http://127.0.0.1:{server.server_port}\nAPI_KEY=key\n")
            # It prints a message if INT reaches it.
            self.program("python3", f"trap 'echo Traceback' INT; touch {self.scratch}/showing; sleep 1; echo shown")
            with self.started(DEPLOY / "sandbox" / "main-job", self.scratch) as process:
                self.eventually("an answer is shown", lambda: (self.scratch / "showing").exists())
                ended = self.interrupt(process)
            server.shutdown()
        self.assertEqual((ended.code, ended.output.splitlines()[-1]), (1, "shown"))
        self.assertNotIn("Traceback", ended.output)
        self.assertEqual(self.leftovers(), [])


class Answers(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


class StackTests(CommandTest):
    def test_a_stack_whose_s3_server_cannot_be_installed_ends_everything_that_it_started(self):
        directory = self.scratch / "stack"
        changes = {"PIP_INDEX_URL": "http://127.0.0.1:1/simple", "PIP_CONFIG_FILE": "/dev/null", "PIP_FIND_LINKS": "",
                   "S3_VENV": str(self.scratch / "venv")}
        ended = self.run_command(DEPLOY / "sandbox" / "stack", "start", directory, **changes)
        self.expect_failure(ended, "is PyPI reachable?", "ERROR: No matching distribution", ".log", lines=2)
        self.assertLess(ended.seconds, 100)
        self.assertTrue((directory / "log" / "nginx.log").exists(), "nginx was not started")
        self.assertEqual(processes_with(str(directory)), [])
        self.assertFalse((directory / "pids").exists())

    def test_a_stop_after_a_start_that_was_killed_ends_everything_also_what_installs_the_s3_server(self):
        directory, venv = self.scratch / "stack", self.scratch / "venv"
        with silent_port() as port:
            changes = {"PIP_INDEX_URL": f"http://127.0.0.1:{port}/simple", "PIP_CONFIG_FILE": "/dev/null",
                       "PIP_FIND_LINKS": "", "S3_VENV": str(venv)}  # fmt: skip
            with self.started(DEPLOY / "sandbox" / "stack", "start", directory, **changes) as process:
                self.eventually("pip runs", lambda: processes_with(f"{venv}/bin/pip install"))
                process.send_signal(signal.SIGKILL)
                process.wait()
                self.assertEqual(self.run_command(DEPLOY / "sandbox" / "stack", "stop", directory).code, 0)
                # By itself, pip would give up after 20 s.
                self.eventually("all have ended", lambda: not processes_with(str(self.scratch)), seconds=12)

    def test_real_settings_are_in_no_list_of_processes(self):
        settings, directory = self.scratch / "settings", self.scratch / "stack"
        settings.write_text(
            "R2_ENDPOINT_URL=https://account.r2.cloudflarestorage.com\nR2_ACCESS_KEY_ID=key\nR2_BUCKET_NAME=images\n"
            "R2_SECRET_ACCESS_KEY=top-secret\nR2_PUBLIC_BASE=https://images.example.com\nAPI_KEYS=top-secret\n")
        for name in ("env", "setsid"):
            self.program(name, f'echo "$*" >>{self.scratch}/arguments; exec /usr/bin/{name} "$@"')
        stack = DEPLOY / "sandbox" / "stack"
        self.addCleanup(self.run_command, stack, "stop", directory)
        started = self.run_command(stack, "start", directory, SETTINGS_FILE=str(settings))
        self.assertEqual(started.code, 0, started.output)
        self.assertIn("r2-presigned-url", (self.scratch / "arguments").read_text())
        self.assertNotIn("top-secret", (self.scratch / "arguments").read_text())

    def test_the_port_of_the_stack_is_checked_by_its_name(self):
        for port in ("08080", "65529"):
            ended = self.run_command(DEPLOY / "sandbox" / "stack", "start", self.scratch / "stack", PORT=port)
            self.expect_failure(ended, f"PORT must be a decimal number from 1024 to 65528, not '{port}'")
