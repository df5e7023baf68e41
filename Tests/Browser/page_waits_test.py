"""The page: what it says while it waits, what survives a reload, and single images that are cancelled."""
import re

from looks import PageTest, expect


class Waits(PageTest):
    def test_offline_is_said_and_the_copy_goes_on_afterwards(self):
        self.find("A-22", "3 images from 1 article")
        self.network(offline=True)
        self.page.locator("#copy").click()
        expect(self.summary).to_have_text("Offline. Continues when the network is back")
        self.network()
        expect(self.summary).to_have_text("3 images in R2")

    def test_the_time_of_the_next_try_is_said_and_ends_with_the_wait(self):
        self.page.goto(self.sandbox.session_url)
        busy = {"success": False, "error": "Overloaded", "code": "OVERLOADED", "request_id": "0" * 32}
        self.page.route("**/api/v1/ozon/download", times=1, handler=lambda route: route.fulfill(
            status=503, headers={"Retry-After": "3"}, json=busy))
        self.enter("A-22")
        self.page.locator("#find").click()
        expect(self.summary).to_have_text(re.compile("^The service is busy. Trying again in [1234] seconds?$"))
        expect(self.summary).to_have_text("3 images from 1 article")

    def test_a_search_without_a_network_says_so_and_goes_on_afterwards(self):
        self.page.goto(self.sandbox.session_url)
        self.enter("A-22")
        self.network(offline=True)
        self.page.locator("#find").click()
        expect(self.summary).to_have_text("Offline. Continues when the network is back")
        self.network()
        expect(self.summary).to_have_text("3 images from 1 article")

    def test_a_screen_reader_hears_at_most_one_text_in_5_seconds_of_a_task(self):
        self.page.goto(self.sandbox.session_url)
        spoken = self.page.evaluate("""async () => {
            const { loadLanguage } = await import("/ozon-r2/ozon-upload-modal/languages.js");
            await loadLanguage("en");
            const { Status } = await import("/ozon-r2/page/status.js");
            const { textsIn } = await import("/ozon-r2/page/texts.js");
            const spoken = [];
            let now = Date.now();
            const start = now;
            Date.now = () => now;
            const announcer = { set textContent(text) { spoken.push([now - start, text]); } };
            const status = new Status({ summary: {}, progress: {}, announcer });
            status.translate(textsIn("en"), "en");
            status.begin(() => "Starting");
            spoken.length = 0;
            for (let items = 0; items < 300; items += 1) {
                now += 100;
                status.showProgress({ items, totalItems: 300, bytes: items * 1000, totalBytes: 300_000 });
                status.showWait(items % 3 ? { reason: "retry", until: now + 3000 } : null);
            }
            status.end(() => "Done");
            return spoken;
        }""")
        times = [time for time, _ in spoken[:-1]]
        self.assertEqual(times, [5000, 10000, 15000, 20000, 25000, 30000])
        self.assertEqual(spoken[-1], [30000, "Done"])


class Pushes(PageTest):
    def push(self, article, text):
        self.find(article, text)
        self.page.locator("#copy").click()
        self.cards.get_by_role("button", name="Push to Ozon").click()
        expect(self.modal.get_by_role("dialog")).to_be_visible()

    def hold_sessions(self):
        """Returns the list of the session's requests from now on, which aren't answered."""
        sessions = []
        self.page.route("**/ozon-r2/session", lambda route: sessions.append(route))
        return sessions

    def test_while_a_push_waits_for_the_session_no_other_one_begins(self):
        self.find("A-13\nA-14", "5 images from 2 articles")
        self.copy("5 images in R2")
        sessions = self.hold_sessions()
        for card in (0, 1):
            self.cards.nth(card).get_by_role("button", name="Push to Ozon").click()
        self.until("the session", lambda: sessions)
        sessions[0].continue_()
        expect(self.modal.get_by_role("dialog")).to_be_visible()
        expect(self.modal.locator("[part=sku]")).to_contain_text("A-13")
        expect(self.items).to_have_count(2)
        self.assertEqual(len(sessions), 1)
        self.page.keyboard.press("Escape")
        self.cards.nth(1).get_by_role("button", name="Push to Ozon").click()
        self.until("the next session", lambda: len(sessions) == 2)
        sessions[1].continue_()
        expect(self.modal.locator("[part=sku]")).to_contain_text("A-14")

    def test_a_push_whose_images_are_removed_while_it_waits_for_the_session_is_not_shown(self):
        self.find("A-13", "2 images from 1 article")
        self.copy("2 images in R2")
        sessions = self.hold_sessions()
        push = self.cards.locator(".push")
        push.click()
        self.until("the session", lambda: sessions)
        for button in ["#select", "#remove"]:
            self.page.locator(button).click()
        with self.page.expect_response("**/ozon-r2/session"):
            sessions[0].continue_()
        self.page.wait_for_timeout(100)
        expect(self.modal.get_by_role("dialog")).not_to_be_visible()
        self.page.locator("#undo").click()
        push.click()
        self.until("the next session", lambda: len(sessions) == 2)
        sessions[1].continue_()
        expect(self.items).to_have_count(2)

    def test_a_push_whose_result_was_not_waited_for_is_shown_as_sent(self):
        self.push("PENDING-300", re.compile("from 1 article$"))
        self.push_button.click()
        expect(self.modal.locator("[part=progress]")).to_be_visible()
        self.page.keyboard.press("Escape")
        self.push_button.click()
        expect(self.modal.get_by_role("dialog")).not_to_be_visible()
        expect(self.cards.locator(".about")).to_have_text(
            "Product 7000300 · Push sent, result unknown. Check the product on Ozon")

    def test_an_error_after_which_Ozon_may_still_apply_the_push_leaves_it_shown_as_sent(self):
        self.push("A-42", re.compile("from 1 article$"))
        about = self.cards.locator(".about")
        fault = {"success": False, "error": "Internal error", "code": "INTERNAL", "request_id": "0" * 32}
        for status, code, text in [(500, "INTERNAL", "Push sent"), (403, "SCOPE_DENIED", "images")]:
            self.answer("**/ozon/push-images", status, {**fault, "code": code})
            self.push_button.click()
            expect(self.status.locator("small")).to_have_text(f"Request ID {'0' * 32}")
            expect(about).to_contain_text(text)
            self.page.evaluate("document.querySelector('ozon-upload-modal').close()")
            self.cards.get_by_role("button", name="Push to Ozon").click()

    def test_a_person_who_is_logged_out_during_a_push_is_led_to_the_login(self):
        self.push("A-42", re.compile("from 1 article$"))
        self.context.clear_cookies()
        self.push_button.click()
        expect(self.sentence).to_contain_text("You aren't logged in")
        expect(self.modal.get_by_role("link", name="Log in")).to_have_attribute("href", "/")
        self.page.request.post(f"{self.sandbox.session_url}/login?user=test-user")
        self.push_button.click()
        expect(self.sentence).to_have_class("good")


class Cancels(PageTest):
    def setUp(self):
        super().setUp()
        self.puts = []
        self.page.on("request", lambda request: request.method == "PUT" and self.puts.append(request.url))

    def test_an_image_that_is_removed_during_a_copy_is_not_copied_unless_it_is_restored(self):
        self.find("BIG-31", "31 images from 1 article")
        self.network(rate=40_000)
        self.page.locator("#copy").click()
        expect(self.states.filter(has_text="Copying...").first).to_be_visible()
        expect(self.states.last).to_have_text("Waiting")
        self.cards.get_by_role("button", name="Push to Ozon").click(force=True)
        expect(self.page.locator("#toast-text")).to_have_text("Wait until the copy has ended")
        for _ in range(2):
            self.cards.locator(".remove").last.click()
        self.page.locator("#undo").click()
        expect(self.states).to_have_count(30)
        self.network()
        expect(self.summary).to_have_text("30 images in R2")
        self.assertEqual([url for url in self.puts if "/500003130.jpg" in url], [])
        self.assertEqual(len(self.puts), 30)
        expect(self.page.locator("#progress")).to_have_js_property("value", 1)


class Reloads(PageTest):
    def reload(self, answer):
        """Reloads the page, answers its question, and returns the type of the question."""
        with self.page.expect_event("dialog") as asked:
            self.page.evaluate("setTimeout(() => location.reload()); null")
        getattr(asked.value, answer)()
        return asked.value.type

    def test_a_reload_during_a_copy_asks_and_a_copy_that_is_kept_goes_on(self):
        self.find("BIG-32", "32 images from 1 article")
        self.network(rate=60_000)
        self.page.locator("#copy").click()
        expect(self.states.filter(has_text="Copying...").first).to_be_visible()
        self.assertEqual(self.reload("dismiss"), "beforeunload")
        self.network()
        expect(self.summary).to_have_text("32 images in R2")
        self.page.on("dialog", lambda dialog: self.fail("nothing is lost"))
        self.page.reload()
        expect(self.page.locator("#empty")).to_be_visible()

    def test_the_list_of_articles_and_what_is_stored_survive_a_reload_but_not_the_credential(self):
        self.find("A-39, A-41", "6 images from 2 articles")
        self.cards.nth(0).locator(".head input[type=checkbox]").check()
        self.page.locator("#copy").click()
        expect(self.cards.nth(0).locator(".good")).to_have_count(self.cards.nth(0).locator(".thumb").count())
        stored = self.cards.nth(0).locator(".good").count()
        self.find("A-41", re.compile("images? from 1 article$"))  # the search before the reload lacks A-39
        self.enter("A-39, A-41")
        self.page.reload()
        expect(self.page.locator("#articles")).to_have_value("A-39, A-41")
        for name in ["client", "key"]:
            expect(self.page.locator(f"#{name}")).to_have_value("")
        self.find("A-39, A-41", f"6 images from 2 articles, {stored} in R2 already")
        self.page.request.post(f"{self.sandbox.session_url}/login?user=another-user")
        self.page.reload()
        self.find("A-39, A-41", "6 images from 2 articles")

    def test_the_chosen_language_survives_a_reload(self):
        self.page.goto(self.sandbox.session_url)
        self.page.locator("#language").click()
        expect(self.page.get_by_role("heading", name="Ozon 图片")).to_be_visible()
        self.page.reload()
        expect(self.page.get_by_role("heading", name="Ozon 图片")).to_be_visible()
        expect(self.page).to_have_title("Ozon 图片")

    def test_without_JavaScript_the_page_says_what_it_needs_in_both_languages(self):
        self.new_page(java_script_enabled=False)
        self.page.goto(self.sandbox.session_url)
        needed = self.page.locator("noscript")
        self.assertEqual(needed.inner_text(), "This page needs JavaScript. 本页面需要启用 JavaScript。")
        self.assertGreaterEqual(needed.bounding_box()["height"], 60, "shown, with a margin")
        expect(self.page.locator("form")).not_to_be_visible()
