"""Uploads in Chromium: parts, reloads, network failures, expired signatures, aborts. The stored bytes are compared."""
import hashlib
import json
import re

from harness import BrowserTest, CallFailed
from proxy import SlowProxy

MB = 1_000_000
PART = 5 << 20
SIZE = 8 * PART
UPLOAD = "studio.upload(file, given, { onProgress: tell, signal: (window.aborting = new AbortController()).signal })"


class Uploads(BrowserTest):
    def setUp(self):
        super().setUp()
        self.path = f"users/{self.user}/large.bin"
        self.watch()

    def watch(self):
        self.puts, self.broken, self.answers = [], [], {}
        self.context.on("request", lambda request: request.method == "PUT" and self.puts.append(part(request.url)))
        self.context.on("requestfailed", lambda request: self.broken.append(request.method))
        self.context.on("response", self.saw)

    def saw(self, answer):
        if "/api/v1/r2/multipart/" in answer.url:
            self.answers.setdefault(answer.url.rsplit("/", 1)[1], []).append(answer)

    def assertStored(self, uploaded, data):
        self.assertEqual((uploaded["r2_path"], uploaded["size"]), (self.path, len(data)))
        stored = self.sandbox.get(uploaded["public_url"]).body
        self.assertEqual(hashlib.sha256(stored).digest(), hashlib.sha256(data).digest(), "other bytes are stored")

    def break_off(self, size=SIZE):
        """Interrupts a large upload by a reload after about 60 %. Returns its bytes."""
        data = self.file(size)
        self.network(30 * MB)
        self.begin(UPLOAD, self.path)
        self.until_sent(size * 0.6)
        self.upload_id = self.answers["create"][0].json()["data"]["upload_id"]
        self.open(self.sandbox.session_url)
        self.network()
        self.puts.clear()
        return data

    def test_a_reload_in_the_middle_of_100_MB_is_resumed(self):
        data = self.break_off(20 * PART)
        self.file(len(data), data)
        uploaded = self.call(UPLOAD, self.path)
        self.assertStored(uploaded, data)
        self.assertGreaterEqual(uploaded["resumed"], 30 * MB)
        self.assertEqual(sorted(self.puts), sorted(set(self.puts)), "no part twice")
        self.assertEqual(len(self.puts), 20 - uploaded["resumed"] // PART, "none that was there")
        self.assertNotIn("create", self.answers_after_reload())

    def answers_after_reload(self):
        return [name for name, answers in self.answers.items() if len(answers) > (1 if name == "create" else 0)]

    def test_changed_parts_of_a_file_are_sent_again(self):
        old = self.break_off()
        new = b"changed" + old[7:]
        self.file(SIZE, new)
        uploaded = self.call(UPLOAD, self.path)
        self.assertStored(uploaded, new)
        self.assertGreater(uploaded["resumed"], 0)
        self.assertIn(1, self.puts)

    def test_another_file_at_the_same_path_starts_a_new_upload_and_aborts_the_old_one(self):
        self.break_off()
        data = self.file(20 * MB)
        uploaded = self.call(UPLOAD, self.path)
        self.assertStored(uploaded, data)
        self.assertEqual(uploaded["resumed"], 0)
        self.assertEqual(len(self.answers["abort"]), 1)

    def test_an_upload_that_R2_has_forgotten_is_started_again(self):
        data = self.break_off()
        self.post("abort", {"r2_path": self.path, "upload_id": self.upload_id})
        self.file(SIZE, data)
        uploaded = self.call(UPLOAD, self.path)
        self.assertStored(uploaded, data)
        self.assertEqual(uploaded["resumed"], 0)

    def test_an_upload_survives_a_minute_offline(self):
        self.hurry(30)
        self.open(self.sandbox.session_url)
        data = self.file(SIZE)
        self.network(30 * MB)
        self.begin(UPLOAD, self.path)
        self.until_sent(SIZE * 0.3)
        self.network(offline=True)
        self.page.wait_for_timeout(2000)  # a minute on the page's clock
        self.assertEqual(self.page.evaluate("progress.items"), 0)
        self.network()
        self.assertStored(self.end(), data)

    def test_an_abort_takes_effect_at_once_and_deletes_the_parts(self):
        self.file(SIZE)
        self.network(30 * MB)
        self.begin(UPLOAD, self.path)
        self.until_sent(SIZE * 0.3)
        self.page.evaluate("aborting.abort()")
        with self.assertRaises(CallFailed) as raised:
            self.end()
        self.assertEqual(raised.exception.name, "AbortError")
        self.until("the upload is aborted on the server", lambda: "abort" in self.answers)
        upload_id = self.answers["create"][0].json()["data"]["upload_id"]
        resumed = self.post("resume", {"r2_path": self.path, "upload_id": upload_id, "size": SIZE})
        self.assertTrue(resumed["restarted"], "R2 still knows the upload")
        self.post("abort", {"r2_path": self.path, "upload_id": resumed["upload_id"]})
        self.network()
        self.puts.clear()
        self.assertEqual(self.call(UPLOAD, self.path)["resumed"], 0)
        self.assertEqual(len(self.puts), 8)

    def test_a_resume_of_200_MB_reports_its_progress_and_is_cancelled_at_once(self):
        data = self.break_off(200 * MB)
        self.file(len(data), data)
        self.begin("""(async () => {
            window.aborting = new AbortController();
            const onProgress = ({ phase, loaded, total }) => {
                window.verified = [phase, loaded, total];
                if (loaded > 30e6 && !window.aborted) {
                    window.aborted = performance.now();
                    aborting.abort();
                }
            };
            const name = await studio.upload(file, given, { onProgress, signal: aborting.signal })
                .catch((error) => error.name);
            return [name, performance.now() - window.aborted, ...window.verified];
        })()""", self.path)
        name, milliseconds, phase, loaded, total = self.end()
        self.assertEqual((name, phase, total), ("AbortError", "verifying", len(data)))
        self.assertLess(loaded, 50 * MB)
        self.assertLess(milliseconds, 100)
        self.assertEqual(self.puts, [])
        self.until("the upload is aborted on the server", lambda: "abort" in self.answers)

    def test_a_proxy_that_takes_12_MB_at_once_and_forwards_them_slowly_is_waited_for(self):
        proxy = SlowProxy(3.6 * MB)  # 90 kB/s on the page's clock
        self.addCleanup(proxy.close)
        self.behind(proxy)
        self.watch()
        self.hurry(40)
        self.open(self.sandbox.session_url)
        data = self.file(12 * MB)
        self.assertStored(self.call(UPLOAD, self.path), data)
        self.assertEqual([size for size in proxy.bodies if size > MB], [len(data)])

    def test_PUTs_that_wait_for_one_of_six_connections_are_not_broken_off(self):
        self.hurry(30)
        self.open(self.sandbox.session_url)
        data = self.file(16 * MB)
        self.network(6 * MB)
        uploaded = self.call("Promise.all([1, 2, 3].map((number) => studio.upload(file, given + number)))", self.path)
        for each in uploaded:
            self.assertEqual(self.sandbox.get(each["public_url"]).body, data)
        self.assertEqual((self.broken, len(self.puts)), ([], 12))

    def test_two_tabs_do_not_mix_two_files_at_one_path(self):
        first, data = self.page, self.file(20 * MB)
        self.network(8 * MB)
        self.begin(UPLOAD, self.path)
        self.until_sent(5 * MB)
        self.hurry(20)
        self.new_tab()
        other = self.file(20 * MB)
        self.assertEqual(self.fails(UPLOAD, self.path).code, "BUSY")
        second, self.page = self.page, first
        self.assertStored(self.end(), data)
        self.page = second
        self.assertStored(self.call(UPLOAD, self.path), other)

    def test_a_file_that_has_changed_on_disk_is_reported_at_once(self):
        for size in (MB, 20 * MB):
            self.file(size)
            self.file_path.write_bytes(b"changed")
            failed = self.fails(UPLOAD, self.path)
            self.assertEqual(failed.code, "FILE_CHANGED")
            self.assertIn("was changed, moved or deleted", failed.message)
        self.assertEqual(self.puts, [])

    def test_a_file_that_changes_during_an_upload_ends_it(self):
        self.file(SIZE)
        self.network(30 * MB)
        self.begin(UPLOAD, self.path)
        self.until_sent(SIZE * 0.2)
        self.file_path.write_bytes(b"changed")
        with self.assertRaises(CallFailed) as raised:
            self.end()
        self.assertEqual(raised.exception.code, "FILE_CHANGED")

    def test_parts_with_expired_signatures_are_signed_again(self):
        """The S3 server rejects them without CORS headers, R2 rejects the preflight: a network error to the page."""
        data = self.file(30 * MB)
        old = set()

        def expire(route):
            number = part(route.request.url)
            if number in old:
                return route.continue_()
            old.add(number)
            return route.continue_(url=re.sub(r"X-Amz-Date=\d{8}T", "X-Amz-Date=20200101T", route.request.url))

        self.context.route(re.compile(r"partNumber="), expire)
        uploaded = self.call(UPLOAD, self.path)
        self.assertStored(uploaded, data)
        self.assertEqual(len(old), 6)
        self.assertGreater(len(self.answers["parts"]), 0)

    def test_a_single_PUT_with_an_expired_signature_is_signed_again_at_once(self):
        data = self.file(15 * MB)
        refused = []

        def refuse_once(route):
            if refused or route.request.method != "PUT":
                return route.continue_()
            refused.append(route.request.url)
            return route.fulfill(status=403, body="<Error><Code>ExpiredRequest</Code></Error>",
                                 headers={"Access-Control-Allow-Origin": self.sandbox.session_url})

        self.context.route(re.compile(r"X-Amz-Signature="), refuse_once)
        self.assertStored(self.call(UPLOAD, self.path), data)
        self.assertEqual(len(self.puts), 2)

    def test_progress_is_reported_while_bytes_are_sent(self):
        data = self.file(4 * MB)
        self.network(2 * MB)
        told = self.call("""(async () => {
            const told = [];
            await studio.upload(file, given, { onProgress: ({ bytes }) => told.push(bytes) });
            return told;
        })()""", self.path)
        self.assertEqual(told, sorted(told))
        self.assertGreater(len([bytes_ for bytes_ in told if 0 < bytes_ < len(data)]), 8, "every 250 ms")
        self.assertEqual(told[-1], len(data))

    def post(self, call, fields):
        headers = {"Content-Type": "application/json", "X-API-Key": self.sandbox.api_key}
        answer = self.page.request.post(
            f"{self.sandbox.url}/api/v1/r2/multipart/{call}", data=json.dumps(fields), headers=headers)
        self.assertEqual(answer.status, 200)
        return answer.json()["data"]


def part(url):
    """The part number in a presigned URL; 0 for a whole object."""
    found = re.search(r"partNumber=(\d+)", url)
    return int(found[1]) if found else 0
