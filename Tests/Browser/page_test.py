"""The page: the whole flow of a user, and the messages when something is wrong."""
import re

from looks import PageTest, expect, picture_bytes

SLOW = "slow-700"
"""An API key whose calls take 700 ms: a layout shift more than 500 ms after a user's input counts as unexpected."""


class WholeFlow(PageTest):
    def test_the_whole_flow_works_with_the_keyboard_only(self):
        self.page.goto(self.sandbox.session_url)
        self.page.locator("#client").focus()
        for text, tabs in [("1000", 1), (SLOW, 3), ("A-7\nA-11", 1)]:
            self.page.keyboard.type(text)
            for _ in range(tabs):
                self.page.keyboard.press("Tab")
        self.page.keyboard.press("Enter")
        expect(self.summary).to_have_text("8 images from 2 articles")
        self.page.keyboard.press("Tab")
        self.page.keyboard.press("Enter")
        expect(self.summary).to_have_text("8 images in R2")
        expect(self.cards.first.locator(".strip span")).to_have_text(["In R2"] * 4)
        push = self.cards.first.get_by_role("button", name="Push to Ozon")
        push.focus()
        self.page.keyboard.press("Enter")
        expect(self.modal.get_by_role("dialog", name="Push images to Ozon")).to_be_visible()
        expect(self.modal.locator("[part=sku]")).to_contain_text("ProductA-7Product ID1000007")
        self.page.keyboard.press("Enter")
        expect(self.status).to_have_text("Ozon confirmed 4 images.")
        self.page.keyboard.press("Enter")
        expect(self.cards.first.locator(".about")).to_have_text("Product 1000007 · Pushed, 4 images confirmed")
        self.assertTrue(self.has_focus(push))

        self.assertEqual(self.console, [])
        self.assertLess(self.shift(), 0.001, "nothing jumps")
        own = {self.sandbox.session_url, self.sandbox.url, self.sandbox.cdn_url, self.sandbox.s3_url}
        self.assertLessEqual(self.hosts(), own, "no third party")
        self.assertEqual([url for url in self.requests if SLOW in url], [])
        stored = self.page.evaluate("""async () => JSON.stringify(
            [{ ...localStorage }, { ...sessionStorage }, await indexedDB.databases(), document.cookie])""")
        self.assertNotIn(SLOW, stored)

    def test_own_files_are_dropped_and_pushed_to_a_product_that_the_user_enters(self):
        self.page.goto(self.sandbox.session_url)
        self.enter()
        drop = self.page.evaluate_handle(
            """(bytes) => {
                const data = new DataTransfer();
                data.items.add(new File([new Uint8Array(bytes)], "чашка 1.jpg", { type: "image/jpeg" }));
                data.items.add(new File(["text"], "notes.txt", { type: "text/plain" }));
                return data;
            }""", list(picture_bytes()))
        own = self.page.locator("section > .card")
        own.dispatch_event("drop", {"dataTransfer": drop})
        expect(own.locator(".about")).to_contain_text("Not added: notes.txt. Images must be JPEG, PNG,")
        expect(own.locator(".strip span")).to_have_text("New")
        own.get_by_role("button", name="Push to Ozon").click()
        expect(self.modal.get_by_role("dialog")).to_be_visible()
        self.page.keyboard.type("1000037")
        self.page.keyboard.press("Enter")
        expect(self.status).to_have_text("Ozon confirmed 1 image.")
        self.push_button.click()
        expect(own.locator(".about")).to_have_text("Pushed, 1 image confirmed")
        expect(own.locator(".strip span")).to_have_text("In R2")
        self.assertEqual(self.console, [])

    def test_own_files_follow_the_images_of_the_article_and_one_that_Ozon_rejects_is_shown(self):
        self.page.goto(self.sandbox.session_url)
        self.enter("A-17")
        self.page.locator("#find").click()
        expect(self.summary).to_have_text("2 images from 1 article")
        self.cards.locator("input[type=file]").set_input_files(
            [{"name": "bad-decode.jpg", "mimeType": "image/jpeg", "buffer": picture_bytes()}])
        expect(self.cards.locator(".strip span")).to_have_text(["On Ozon", "On Ozon", "New"])
        self.page.locator("#copy").click()
        expect(self.cards.locator(".strip span")).to_have_text(["In R2", "In R2", "New"])
        self.cards.get_by_role("button", name="Push to Ozon").click()
        self.push_button.click()
        expect(self.items.locator(".state")).to_have_text(["On Ozon", "On Ozon", "Not a readable image"])
        self.page.keyboard.press("Escape")
        expect(self.cards.locator(".about")).to_contain_text("Partly pushed, 2 images confirmed")
        expect(self.cards.locator(".strip span")).to_have_text(["In R2", "In R2", "Not a readable image"])

    def test_the_server_copies_what_the_browser_may_not_read_and_the_page_says_so(self):
        self.page.goto(self.sandbox.session_url)
        self.enter("FAULT-IMG-NOCORS\nFAULT-IMG-404")
        self.page.locator("#find").click()
        expect(self.cards).to_have_count(2)
        self.page.locator("#copy").click()
        expect(self.summary).to_have_text("5 images in R2, 1 of them copied by the server, 1 failed")
        expect(self.cards.nth(0).locator(".strip span")).to_have_text(["In R2", "Copied by server", "In R2"])
        expect(self.cards.nth(1).locator(".strip span")).to_have_text(["In R2", "No longer exists", "In R2"])

    def test_a_failed_search_keeps_images_and_own_files(self):
        self.page.goto(self.sandbox.session_url)
        self.enter("2194435302\n2194435301")
        self.page.locator("#find").click()
        expect(self.summary).to_have_text("4 images from 2 articles")
        self.cards.first.locator("input[type=file]").set_input_files(
            [{"name": "mug.jpg", "mimeType": "image/jpeg", "buffer": picture_bytes()}])
        self.enter("2194435302\n2194435301", key="invalid-key")
        self.page.locator("#find").click()
        expect(self.page.get_by_role("alert")).to_be_visible()
        expect(self.cards.first.locator(".strip span")).to_have_text(["On Ozon", "New"])
        self.enter("2194435302")
        self.page.locator("#find").click()
        expect(self.page.get_by_role("alert")).not_to_be_visible()
        expect(self.cards).to_have_count(1)
        expect(self.cards.first.locator(".strip span")).to_have_text(["On Ozon", "New"])

    def test_after_a_failed_search_images_are_copied_by_the_identifier_with_which_they_were_found(self):
        self.find("2194435302", "1 image from 1 article")
        self.page.locator("#field").select_option("sku")
        self.enter("2000031", key="invalid-key")
        self.page.locator("#find").click()
        expect(self.page.get_by_role("alert")).to_be_visible()
        self.enter("2000031")
        self.page.locator("#copy").click()
        expect(self.states).to_have_text(["In R2"])

    def test_a_copy_of_200_articles_can_be_stopped(self):
        self.page.goto(self.sandbox.session_url)
        self.enter("\n".join(f"A-{number}" for number in range(101, 301)), key=SLOW)
        self.page.locator("#find").click()
        expect(self.summary).to_have_text("500 images from 200 articles")
        expect(self.cards).to_have_count(200)
        self.page.locator("#copy").click()
        self.page.wait_for_function("() => document.querySelector('#progress').value > 0.05")
        self.page.locator("#copy").click()
        expect(self.summary).to_have_text("Stopped")
        expect(self.page.locator("#copy")).to_have_text(re.compile(r"^Copy the other \d+$"))
        self.assertLess(self.page.evaluate("() => document.querySelector('#progress').value"), 1)
        self.assertLess(self.shift(), 0.001, "nothing jumps")


class Wrong(PageTest):
    def setUp(self):
        super().setUp()
        self.page.goto(self.sandbox.session_url)
        self.problem = self.page.get_by_role("alert")

    def test_every_missing_field_is_marked_at_once(self):
        self.page.locator("#find").click()
        for name in ["client", "key", "articles"]:
            expect(self.page.locator(f"#{name}-fault")).to_have_text("Required")
            expect(self.page.locator(f"#{name}")).to_have_attribute("aria-invalid", "true")
        self.assertTrue(self.has_focus(self.page.locator("#client")))
        self.enter("1\n" * 3 + ",,2，3、 1")
        self.page.locator("#find").click()
        expect(self.page.locator(".fault", has_text="Required")).to_have_count(0)
        expect(self.summary).to_have_text("0 images from 3 articles")

    def test_articles_without_a_product_or_without_images_say_so(self):
        self.enter("no-such-article\nNO-IMAGES\n2194435302")
        self.page.locator("#find").click()
        expect(self.cards.locator(".strip span")).to_have_text(
            ["Product not found", "The product has no images", "On Ozon"])
        for card in [0, 1, 2]:
            expect(self.cards.nth(card).get_by_role("button", name="Push")).to_have_attribute("aria-disabled", "true")

    def test_an_error_is_a_sentence_with_the_next_step_and_the_request_ID(self):
        for key, words, hint in [("invalid-key", "Ozon rejected the seller's credential.", "Check the Client ID"),
                                 ("rate-limited-long", "There were too many requests.", "Try again in 1 hour.")]:
            with self.subTest(words):
                self.enter("2194435302", key=key)
                self.page.locator("#find").click()
                expect(self.problem).to_contain_text(words)
                expect(self.problem).to_contain_text(hint)
                expect(self.problem).to_contain_text(re.compile("Request ID: [0-9a-f]{32}"))
        self.page.locator("#key").fill("seller-key")
        self.problem.get_by_role("button", name="Try again").click()
        expect(self.summary).to_have_text("1 image from 1 article")
        expect(self.problem).not_to_be_visible()

    def test_an_error_in_a_form_that_is_not_the_backends_ends_the_search(self):
        self.page.route("**/api/v1/ozon/download", lambda route: route.fulfill(
            status=400, json={"errors": {"articles": ["wrong"]}, "code": 5, "error": {}}))
        self.enter("2194435302")
        self.page.locator("#find").click()
        expect(self.problem).to_contain_text("An unexpected error occurred. HTTP_400")
        expect(self.page.locator("#find")).to_have_text("Find images")

    def test_a_logged_out_user_is_led_to_the_login_and_keeps_the_page(self):
        self.enter("2194435302")
        self.context.clear_cookies()
        self.page.locator("#find").click()
        expect(self.problem).to_contain_text("You aren't logged in")
        self.page.locator("#language").click()
        expect(self.problem).to_contain_text("您尚未登录")
        with self.context.expect_page() as opened:
            self.problem.get_by_role("link", name="登录").click()
        expect(opened.value.locator("#who")).to_have_text("当前用户：test-user")
        opened.value.close()
        self.problem.get_by_role("button", name="重试").click()
        expect(self.summary).to_have_text("1 个货号，1 张图片")

    def test_an_application_that_is_down_is_not_taken_for_a_site_without_sessions(self):
        def unavailable(route):
            route.fulfill(status=503, content_type="application/json", body='{"code": "SESSION_CHECK_FAILED"}')

        self.page.route("**/ozon-r2/session", unavailable)
        self.page.reload()
        expect(self.page.locator("#client")).to_be_visible()
        expect(self.page.locator("#user")).not_to_be_visible()
        self.enter("2194435302")
        self.page.locator("#find").click()
        expect(self.problem).to_contain_text("The service is unavailable.")
        self.page.unroute("**/ozon-r2/session")
        self.problem.get_by_role("button", name="Try again").click()
        expect(self.summary).to_have_text("1 image from 1 article")

    def test_an_application_that_hangs_is_not_taken_for_a_site_without_sessions(self):
        self.page.route("**/ozon-r2/session", lambda route: None)
        self.page.reload()
        expect(self.page.locator("#client")).to_be_visible(timeout=10_000)
        expect(self.page.locator("#user")).not_to_be_visible()
        self.page.unroute("**/ozon-r2/session")
        self.enter("2194435302")
        self.page.locator("#find").click()
        expect(self.summary).to_have_text("1 image from 1 article")

    def test_on_a_phone_the_result_of_a_search_scrolls_into_view(self):
        self.page.set_viewport_size({"width": 360, "height": 700})
        self.enter("A-7", key="slow-700")
        expect(self.summary).not_to_be_in_viewport()
        self.page.locator("#find").click()
        expect(self.summary).to_have_text("Finding...")
        expect(self.summary).to_be_in_viewport()
        expect(self.page.locator("#copy")).to_be_in_viewport()
        expect(self.page.locator("#copy")).to_have_attribute("aria-disabled", "false")
        self.page.locator("#key").fill("invalid-key")
        self.page.locator("#find").click()
        expect(self.problem).to_be_in_viewport()

    def test_without_sessions_the_user_ID_is_a_field(self):
        self.page.route("**/ozon-r2/session", lambda route: route.fulfill(status=404))
        self.page.reload()
        self.enter("2194435302")
        self.page.locator("#find").click()
        expect(self.page.locator("#user-fault")).to_have_text("Required")
        self.page.locator("#user").fill("somebody-else")
        self.page.locator("#find").click()
        expect(self.problem).to_contain_text("Your login isn't allowed to use this user's folder.")

    def test_fields_that_the_server_rejects_are_marked_and_other_errors_of_an_entry_are_on_its_card(self):
        self.page.locator("#field").select_option("sku")
        self.enter("2000031\nabc")
        self.page.locator("#find").click()
        expect(self.cards.nth(1).locator(".none")).to_have_text("Must be digits only")
        errors = [{"field": "articles", "index": 1, "reason": "Invalid characters"},
                  {"field": "credential.client_id", "reason": "Must not be empty"}]
        self.page.route("**/api/v1/ozon/download", lambda route: route.fulfill(
            status=400, json={"success": False, "error": "Validation failed", "code": "VALIDATION_FAILED",
                              "request_id": "0" * 32, "errors": errors}))
        self.page.locator("#find").click()
        expect(self.page.locator("#articles-fault")).to_have_text("abc: Has characters that aren't allowed")
        expect(self.page.locator("#client-fault")).to_have_text("Is required")
        self.assertTrue(self.has_focus(self.page.locator("#client")))

    def test_the_page_uses_the_language_of_the_browser_and_can_switch_it(self):
        expect(self.page.locator("html")).to_have_attribute("lang", "en")
        self.new_page(locale="zh-CN")
        self.page.goto(self.sandbox.session_url)
        expect(self.page.locator("html")).to_have_attribute("lang", "zh")
        expect(self.page.get_by_role("heading", name="Ozon 图片")).to_be_visible()
        self.enter("2194435302")
        self.page.locator("#find").click()
        expect(self.summary).to_have_text("1 个货号，1 张图片")
        self.page.locator("#copy").click()
        expect(self.summary).to_have_text("R2 中有 1 张")
        self.page.locator("#language").click()
        expect(self.summary).to_have_text("1 image in R2")
        other = self.context.new_page()
        other.goto(self.sandbox.session_url)
        expect(other.locator("html")).to_have_attribute("lang", "en")
        self.page.locator("#language").click()
        self.cards.get_by_role("button", name="推送到 Ozon").click()
        expect(self.push_button).to_have_text("确认推送")
        self.assertEqual(self.console, [])
