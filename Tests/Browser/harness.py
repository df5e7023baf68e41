"""The basis of the browser tests: the sandbox (deploy/sandbox/stack) and Debian's Chromium, controlled by Playwright.

    class Copies(BrowserTest):
        def test_a_sentence_about_the_behaviour(self):
            items = self.call("studio.copy(['2194435300'])")

The sandbox and the browser are started once per process. Each test has

    self.user       a user of its own, so that tests do not share object keys
    self.page       a page served by nginx, at the port for sessions, logged in as that user, with `OzonR2` and `studio`
                    set on its window; it shares no cookies, cache or IndexedDB with other tests
    self.call(js, argument)     the value of the expression, which may use await and the argument as `given`; raises
                                CallFailed with the fields of the error if it is rejected
    self.begin(js, argument)    the same without waiting; window.progress is the last progress with `onProgress: tell`
    self.end()                  waits for the result of begin
    self.until(what, condition) waits until a Python function returns true, at most 30 s
    self.log_in(user), self.open(url)   as done for self.page
    self.network(rate, offline)         limits the page's network to so many bytes per second (-1: no limit)
    self.new_tab()                      a second page of the same browser, which becomes self.page
    self.hurry(times)                   speeds up the timers of the pages that are opened from now on
    self.behind(proxy)                  replaces self.page by one of a browser that uses that proxy (proxy.py)

and `sandbox`: .url (with API key), .session_url (with sessions), .api_key, .cdn_url, .ozon_url, .s3_url, .dir;
.images() are the requests to the CDN; .get(url) reads a URL. Environment: BIN, the executables (default
.build/release); S3_VENV; HEADED=1 shows the browser.
"""
import atexit
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from playwright.sync_api import sync_playwright

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
CHROMIUM = "/usr/bin/chromium"
DEADLINE = 30
"""Seconds after which a test fails, unless it sets another limit."""

SETTINGS = ["OZON_PUSH_TIMEOUT=5"]  # a push is reported as pending after this time


class Sandbox:
    """`settings` of the endpoints; `environment`: further variables of the stack."""

    def __init__(self, settings, environment=None):
        self.dir = tempfile.mkdtemp(prefix="browser-")
        self.stack = REPOSITORY / "deploy" / "sandbox" / "stack"
        atexit.register(self.stop)
        subprocess.run([self.stack, "start", self.dir, *settings], env={**os.environ, **(environment or {})},
                       check=True, stdout=subprocess.DEVNULL)
        lines = (pathlib.Path(self.dir) / "env").read_text().splitlines()
        for name, value in (line.split("=", 1) for line in lines):
            setattr(self, name.lower(), value)

    def stop(self):
        subprocess.run([self.stack, "stop", self.dir], stdout=subprocess.DEVNULL)
        shutil.rmtree(self.dir, ignore_errors=True)

    def get(self, url, headers=None):
        """The response with .status, .headers and .body."""
        request = urllib.request.Request(url, headers=headers or {})
        try:
            answer = urllib.request.urlopen(request, timeout=DEADLINE)
        except urllib.error.HTTPError as error:
            answer = error
        answer.body = answer.read()
        return answer

    def undo_pushes(self):
        """Gives all products at Ozon the images with which they began."""
        urllib.request.urlopen(f"{self.ozon_url}/_reset", b"", timeout=DEADLINE).close()

    def images(self):
        return json.loads(self.get(f"{self.ozon_url}/_images").body)


class CallFailed(Exception):
    """An error thrown in the page: .code, .status, .errors, .requestId, .name, .message."""

    def __init__(self, fields):
        super().__init__(f"{fields.get('name')}: {fields.get('code')} {fields.get('message')}")
        self.__dict__.update(fields)


_started = {}


def sandbox():
    if "sandbox" not in _started:
        _started["sandbox"] = Sandbox(SETTINGS)
    return _started["sandbox"]


def browser():
    if "browser" not in _started:
        driver = sync_playwright().start()
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        _started["browser"] = driver.chromium.launch(
            executable_path=CHROMIUM, args=root, headless="HEADED" not in os.environ)
        atexit.register(driver.stop)
        atexit.register(_started["browser"].close)
    return _started["browser"]


signal.signal(signal.SIGTERM, signal.default_int_handler)  # unittest would go on after SystemExit


def settled(text):
    """A JavaScript function that returns {value} or {failed}. The page's policy forbids eval."""
    return """async (given) => {
        const tell = (progress) => { window.progress = progress; };
        try {
            return { value: await (%s) };
        } catch (error) {
            const { name, message, code, status, errors, requestId } = error;
            return { failed: { name, message, code, status, errors, requestId } };
        }
    }""" % text


class BrowserTest(unittest.TestCase):
    _count = 0

    def setUp(self):
        BrowserTest._count += 1
        self.user = f"user-{BrowserTest._count}"
        self.sandbox = sandbox()
        self.sandbox.undo_pushes()
        self.context = browser().new_context()
        self.addCleanup(self.context.close)
        self.context.set_default_timeout(DEADLINE * 1000)
        self.devtools = None
        self.open_first()

    def open_first(self):
        """Opens the page with which a test begins."""
        self.page = self.context.new_page()
        self.open(self.sandbox.session_url)
        self.log_in(self.user)

    def open(self, origin, options=None):
        """Opens a page of that origin under /ozon-r2/, with its policy. `options` are added to those of OzonR2."""
        self.page.goto(f"{origin}/ozon-r2/ozon-r2.d.ts")
        self.page.evaluate(
            """async ([origin, userId, options]) => {
                const { OzonR2, OzonR2Error } = await import("/ozon-r2/ozon-r2.js");
                const credential = async () => ({ client_id: "1", api_key: "seller-key" });
                Object.assign(window, { OzonR2, OzonR2Error });
                window.studio = new OzonR2({ baseURL: "", userId, credential, ...options });
            }""",
            [origin, self.user, options or {}])

    def new_tab(self):
        self.page, self.devtools = self.context.new_page(), None
        self.open(self.sandbox.session_url)

    def hurry(self, times):
        self.context.add_init_script("""{
            const real = setTimeout;
            window.setTimeout = (work, milliseconds, ...rest) => real(work, milliseconds / %d, ...rest);
        }""" % times)

    def behind(self, proxy):
        cookies = self.context.cookies()
        self.context = browser().new_context(proxy={"server": proxy.url})
        self.context.add_cookies(cookies)
        self.addCleanup(self.context.close)
        self.context.set_default_timeout(DEADLINE * 1000)
        self.page, self.devtools = self.context.new_page(), None

    def log_in(self, user):
        self.page.request.post(f"{self.sandbox.session_url}/login?user={user}")

    def call(self, text, given=None):
        return self._value(self.page.evaluate(settled(text), given))

    def begin(self, text, given=None):
        self.page.evaluate(f"(given) => {{ window.progress = null; window.begun = ({settled(text)})(given); }}", given)

    def end(self):
        return self._value(self.page.evaluate("window.begun"))

    def _value(self, answer):
        if "failed" in answer:
            raise CallFailed(answer["failed"])
        return answer.get("value")

    def fails(self, text, given=None):
        """The CallFailed of a call that is expected to fail."""
        with self.assertRaises(CallFailed) as raised:
            self.call(text, given)
        return raised.exception

    def until(self, what, condition, seconds=DEADLINE):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                self.fail(f"not true after {seconds} s: {what}")
            self.page.wait_for_timeout(20)  # processes the page's events

    def until_sent(self, count):
        self.page.wait_for_function("(count) => window.progress?.bytes >= count", arg=count)

    def network(self, rate=-1, offline=False):
        self.devtools = self.devtools or self.context.new_cdp_session(self.page)
        self.devtools.send("Network.emulateNetworkConditions", {
            "offline": offline, "latency": 0, "downloadThroughput": rate, "uploadThroughput": rate})

    def file(self, size, data=None):
        """Selects a file of random bytes in the page, as window.file; it is at self.file_path. Returns its bytes."""
        data = os.urandom(size) if data is None else data
        path = self.file_path = pathlib.Path(self.sandbox.dir) / f"{self.user}.bin"
        path.write_bytes(data)
        self.page.evaluate("""() => {
            document.body.replaceChildren(Object.assign(document.createElement('input'), { type: 'file' }));
        }""")
        self.page.set_input_files("input", path)
        self.page.evaluate("window.file = document.querySelector('input').files[0]; null")
        return data
