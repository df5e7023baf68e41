"""The client in Chromium: copies, pushes, sessions, and how the module is served."""
import hashlib
import pathlib
import re

from harness import REPOSITORY, BrowserTest, CallFailed

FOLDER = "/ozon-r2/"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Copies(BrowserTest):
    def test_the_browser_copies_images_from_the_CDN_to_the_bucket_without_the_server(self):
        before = len(self.sandbox.images())
        [item] = self.call("studio.copy(['2194435300'], { onProgress: tell })")
        self.assertEqual([image["via"] for image in item["images"]], ["browser"] * 5)
        for image in item["images"]:
            stored = self.sandbox.get(image["public_url"])
            self.assertEqual(sha256(stored.body), sha256(self.sandbox.get(image["url"]).body))
            self.assertEqual(stored.headers["Content-Type"], "image/jpeg")
        hits = self.sandbox.images()[before:before + 5]
        self.assertEqual([hit["origin"] for hit in hits], [self.sandbox.session_url] * 5)
        progress = self.page.evaluate("progress")
        self.assertEqual((progress["items"], progress["totalItems"], progress["failed"]), (5, 5, 0))
        self.assertEqual(progress["bytes"], progress["totalBytes"])

    def test_an_image_without_CORS_is_copied_by_the_server_and_the_result_says_so(self):
        before = len(self.sandbox.images())
        [item] = self.call("studio.copy(['FAULT-IMG-NOCORS'])")
        self.assertEqual([image["via"] for image in item["images"]], ["browser", "server", "browser"])
        refused = item["images"][1]
        self.assertIn("origin not allowed", refused["reason"])
        self.assertNotIn("error", refused)
        stored, source = self.sandbox.get(refused["public_url"]), self.sandbox.get(refused["url"])
        self.assertEqual(sha256(stored.body), sha256(source.body))
        by_server = [hit["path"] for hit in self.sandbox.images()[before:] if hit["origin"] is None and hit["end"]]
        requests = [path for path in by_server if path in refused["url"]]
        self.assertEqual(len(requests), 2, "one by the server and one by this test")

    def test_all_images_of_200_articles_are_copied(self):
        articles = [f"A-{number}" for number in range(1, 201)]
        items = self.call("studio.copy(given)", articles)
        self.assertEqual([item["article"] for item in items], articles)
        self.assertEqual([len(item["images"]) for item in items], [number % 4 + 1 for number in range(1, 201)])
        images = [image for item in items for image in item["images"]]
        self.assertEqual({image["via"] for image in images}, {"browser"})
        self.assertEqual({self.sandbox.get(image["public_url"]).status for image in images}, {200})

    def test_a_copy_survives_five_seconds_offline(self):
        self.begin("studio.copy(['HUNDRED'], { onProgress: tell })")
        self.until_sent(1_000_000)
        self.network(offline=True)
        self.page.wait_for_timeout(5000)
        self.assertLess(self.page.evaluate("progress.items"), 100)
        self.network()
        [item] = self.end()
        self.assertEqual({image["via"] for image in item["images"]}, {"browser"})
        self.assertEqual(len(item["images"]), 100)

    def test_an_aborted_copy_ends_at_once(self):
        self.network(2_000_000)
        self.page.evaluate("window.aborting = new AbortController(); null")
        self.begin("studio.copy(['HUNDRED'], { onProgress: tell, signal: aborting.signal })")
        self.until_sent(1_000_000)
        self.page.evaluate("aborting.abort()")
        with self.assertRaises(CallFailed) as raised:
            self.end()
        self.assertEqual(raised.exception.name, "AbortError")
        ended = self.page.evaluate("progress.items")
        self.page.wait_for_timeout(500)
        self.assertEqual(self.page.evaluate("progress.items"), ended)
        self.assertLess(ended, 90)

    def test_only_an_article_without_a_product_fails(self):
        items = self.call("studio.copy(['no-such-article', '2194435302'])")
        self.assertEqual([(item["status"], item.get("error")) for item in items],
                         [("failed", "Product not found"), ("success", None)])


class Pushes(BrowserTest):
    def test_a_push_that_stays_pending_is_followed_to_its_end(self):
        told = self.call("""(async () => {
            const told = [];
            const pushed = await studio.push({ productId: 7000003, images: ["https://r0.image2url.com/a.jpg"] },
                { onStatus: ({ status }) => told.push(status) });
            return [...told, pushed.success, pushed.updated.images];
        })()""")
        self.assertEqual(told[0], "pending")
        self.assertEqual(told[-3:], ["confirmed", True, 1])

    def test_one_error_lists_every_invalid_picture(self):
        failed = self.fails("studio.push({ productId: 0, images: ['no url', 'https://r0.image2url.com/a.jpg'] })")
        self.assertEqual((failed.name, failed.code, failed.status), ("OzonR2Error", "VALIDATION_FAILED", 400))
        self.assertEqual([error["field"] for error in failed.errors], ["product_id", "images"])
        self.assertRegex(failed.requestId, "^[0-9a-f]{32}$")


class Sessions(BrowserTest):
    UPLOAD = "studio.upload(new Blob(['x']), given)"

    def test_without_a_login_nothing_is_signed(self):
        self.context.clear_cookies()
        failed = self.fails(self.UPLOAD, f"users/{self.user}/x")
        self.assertEqual((failed.code, failed.status), ("UNAUTHORIZED", 401))

    def test_a_session_can_only_write_under_the_prefix_of_its_user(self):
        self.assertEqual(self.call(self.UPLOAD, f"users/{self.user}/x")["size"], 1)
        self.assertEqual(self.fails(self.UPLOAD, f"users/{self.user}-not/x").code, "PATH_NOT_ALLOWED")
        self.assertEqual(self.fails(self.UPLOAD, "users/x").code, "PATH_NOT_ALLOWED")
        other = "new OzonR2({ baseURL: '', userId: 'other', credential: () => ({ client_id: '1', api_key: 'k' }) })"
        self.assertEqual(self.fails(f"{other}.copy(['2194435300'])").code, "PATH_NOT_ALLOWED")

    def test_an_API_key_sent_by_the_page_is_ignored(self):
        self.page.evaluate("studio = new OzonR2({ baseURL: '', apiKey: 'wrong', userId: '' }); null")
        self.assertEqual(self.call(self.UPLOAD, f"users/{self.user}/x")["size"], 1)
        self.context.clear_cookies()
        self.page.evaluate(
            "apiKey => { studio = new OzonR2({ baseURL: '', apiKey, userId: '' }) }", self.sandbox.api_key)
        self.assertEqual(self.fails(self.UPLOAD, f"users/{self.user}/x").code, "UNAUTHORIZED")

    def test_a_page_of_another_origin_may_call_with_a_key(self):
        elsewhere = self.sandbox.url.replace("127.0.0.1", "localhost")
        self.open(elsewhere, {"baseURL": self.sandbox.session_url, "apiKey": self.sandbox.api_key})
        # The policy of nginx's own pages allows no other backend. A page of another origin has its own policy.
        failed = self.fails(self.UPLOAD, "users/u/x")
        self.assertEqual(failed.code, "NETWORK")
        self.page.goto(f"{elsewhere}/elsewhere")  # nginx's own 404, without a policy
        size = self.page.evaluate(
            """async ([baseURL, apiKey]) => {
                const { OzonR2 } = await import(baseURL + "/ozon-r2/ozon-r2.js");
                const credential = () => ({ client_id: "1", api_key: "k" });
                const studio = new OzonR2({ baseURL, apiKey, userId: "u", credential });
                await studio.images(["2194435300"]);
                return (await studio.upload(new Blob(["x"]), "users/u/x")).size;
            }""", [self.sandbox.url, self.sandbox.api_key])
        self.assertEqual(size, 1)


class Served(BrowserTest):
    def served(self, name, headers=None):
        return self.sandbox.get(self.sandbox.url + FOLDER + name, headers)

    def test_unchanged_files_are_not_sent_again(self):
        first = self.served("ozon-r2.js")
        self.assertEqual(first.headers["Cache-Control"], "no-cache")
        again = self.served("ozon-r2.js", {"If-None-Match": first.headers["ETag"]})
        self.assertEqual((again.status, again.body), (304, b""))

    def test_the_policy_allows_no_inline_script_and_no_other_host(self):
        policy = self.served("ozon-r2.js").headers["Content-Security-Policy"]
        self.assertNotIn("unsafe", policy)
        self.assertEqual(self.page.evaluate(
            """() => { const script = document.createElement("script"); script.textContent = "window.ran = true";
                document.body.append(script); return window.ran === true; }"""), False)
        refused = self.fails("fetch('http://127.0.0.2:9/')")
        self.assertEqual(refused.name, "TypeError")
        fetched = "fetch(given).catch(() => 'refused')"
        self.until("a violation is seen", lambda: self.call(fetched, self.sandbox.ozon_url) == "refused")


class Manual(BrowserTest):
    def test_the_lines_in_the_README_work_when_pasted(self):
        section = (REPOSITORY / "nginx/html/README.md").read_text().split("\n## In your frontend\n")[1]
        lines = re.search(r"```js[^\n]*\n(.*?)```", section, re.DOTALL)[1]
        self.assertLessEqual(len(lines.strip().splitlines()), 20)
        folder = pathlib.Path(self.sandbox.dir) / "ozon-r2" / "html"
        (folder / "pasted.js").write_text(lines)
        (folder / "pasted.html").write_text('<!doctype html><script type="module" src="pasted.js"></script>')
        self.log_in("test-user")
        told = []
        self.page.on("console", lambda message: told.append(message.text))
        self.page.goto(f"{self.sandbox.session_url}/ozon-r2/pasted.html")
        self.until("the push has ended", lambda: any(line.startswith("pushed: ") for line in told))
        self.assertIn("pushed: confirmed []", told)
        self.assertEqual(len([line for line in told if line.endswith(".jpg by the browser")]), 5)
        self.assertEqual(self.sandbox.get(f"{self.sandbox.url}/public/users/test-user/photo.jpg").body, b"...")
