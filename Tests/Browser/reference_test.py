"""The API reference: contents, deep links, copy buttons, looks, accessibility."""
import json
import subprocess

from harness import REPOSITORY
from looks import COLOR_RULES, RULES, PageTest
from playwright.sync_api import expect

DOCUMENT = json.loads((REPOSITORY / "nginx/html/openapi.json").read_text())
OPERATIONS = {operation["operationId"] for methods in DOCUMENT["paths"].values()
              for name, operation in methods.items() if name in ("get", "post")}


class ReferenceTest(PageTest):
    def read(self, fragment=""):
        self.page.goto(f"{self.sandbox.url}/ozon-r2/reference.html{fragment}")
        expect(self.page.locator("#errors")).to_be_attached()

    def test_the_page_has_every_operation_field_and_error_and_needs_no_other_host(self):
        self.read()
        for operation in OPERATIONS:
            expect(self.page.locator(f"section#{operation}")).to_have_count(1)
            expect(self.page.get_by_role("navigation").locator(f"a[href='#{operation}']")).to_have_count(1)
        codes = self.page.locator(".errors dt").evaluate_all("(all) => all.map(({ id }) => id)")
        self.assertEqual(sorted(codes), sorted(DOCUMENT["components"]["schemas"]["ErrorCode"]["enum"]))
        names = self.page.locator("section#r2-sign-request .name").all_inner_texts()
        self.assertLessEqual(set(DOCUMENT["components"]["schemas"]["SignRequestRequest"]["properties"]), set(names))
        self.assertEqual(self.hosts(), {self.sandbox.url})
        self.assertEqual(self.console, [])

    def test_a_deep_link_leads_to_its_operation_and_to_its_error(self):
        for fragment in ("#r2-presigned-url", "#PATH_NOT_ALLOWED"):
            self.page.goto("about:blank")
            self.read(fragment)
            expect(self.page.locator(f"{fragment}:target")).to_be_in_viewport()

    def test_the_keyboard_reaches_an_operation_through_the_contents(self):
        self.read()
        for _ in range(10):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("document.activeElement.hash") == "#ozon-push-images":
                break
        self.page.keyboard.press("Enter")
        expect(self.page.locator("#ozon-push-images:target")).to_be_in_viewport()

    def test_a_copied_curl_command_runs_as_it_is(self):
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.read()
        button = self.page.get_by_role("button", name="Copy request: path")
        button.focus()
        self.page.keyboard.press("Enter")
        expect(button).to_have_text("Copied")
        expect(self.page.get_by_role("status")).to_have_text("Copied: request: path")
        command = self.page.evaluate("navigator.clipboard.readText()")
        command = command.replace("your-api-key", self.sandbox.api_key)
        answer = subprocess.check_output(["bash", "-c", f"{command} --silent"])
        self.assertEqual(json.loads(answer).get("method"), "PUT", answer)

    def test_the_page_says_so_if_the_document_cannot_be_loaded(self):
        self.page.route("**/openapi.json", lambda route: route.fulfill(status=503))
        self.page.goto(f"{self.sandbox.url}/ozon-r2/reference.html")
        expect(self.page.get_by_role("alert")).to_have_text("openapi.json could not be loaded: HTTP 503")

    def test_the_page_fits_narrow_and_wide_windows_in_both_color_schemes(self):
        self.read()
        for width in (360, 1440):
            self.page.set_viewport_size({"width": width, "height": 900})
            # The elements are the same in both schemes, so the second scan examines the colors alone.
            for scheme, rules in {"light": RULES, "dark": COLOR_RULES}.items():
                self.page.emulate_media(color_scheme=scheme)
                with self.subTest(width=width, scheme=scheme):
                    overflow = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
                    self.assertLessEqual(overflow, 0, "wider than the window")
                    self.scan(rules)
                    self.shoot(f"reference-{width}-{scheme}")
                    self.page.evaluate("document.querySelector('#ozon-push-images').scrollIntoView()")
                    self.shoot(f"reference-operation-{width}-{scheme}")
                    self.page.evaluate("scrollTo(0, 0)")
