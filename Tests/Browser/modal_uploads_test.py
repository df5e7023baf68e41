"""<ozon-upload-modal>: uploads that are cancelled one by one, waits, warnings, and logging in."""
import re

from looks import ModalTest, expect


class OneUpload(ModalTest):
    def setUp(self):
        super().setUp()
        self.cancel_button = self.modal.get_by_role("button", name="Cancel upload")
        self.show([{"name": f"{name}.jpg", "size": 2_000_000} for name in "abcd"])
        self.network(rate=400_000)
        self.push_button.click()

    def test_a_cancelled_upload_is_taken_out_and_the_others_go_on(self):
        expect(self.items.nth(1)).to_have_attribute("data-state", "sending")
        self.items.nth(1).click()
        self.cancel_button.click()
        expect(self.items).to_have_count(3)
        expect(self.modal.locator(".announcer")).to_have_text("The upload of b.jpg is cancelled")
        expect(self.sentence).to_have_text("Uploaded 0 of 3 images")
        expect(self.modal.locator("[part=progress]")).to_contain_text("of 6 MB")
        self.network()
        expect(self.sentence).to_have_text("Ozon confirmed 3 images.")
        self.assertEqual([url.split("/")[-1] for url in self.told()[0][1]["images"]], ["a.jpg", "c.jpg", "d.jpg"])
        self.modal.get_by_role("button", name="Undo").click()
        expect(self.items.locator(".state")).to_have_text(["On Ozon", "Waiting", "On Ozon", "On Ozon"])
        self.push_button.click()
        expect(self.sentence).to_have_text("Ozon confirmed 4 images.")

    def test_the_delete_key_cancels_an_upload_that_waits_for_its_turn(self):
        puts = []
        self.page.on("request", lambda request: request.method == "PUT" and puts.append(request.url))
        expect(self.items.nth(3)).to_have_attribute("data-state", "waiting")
        self.items.nth(3).focus()
        expect(self.cancel_button).to_have_attribute("aria-disabled", "false")
        self.page.keyboard.press("Delete")
        expect(self.items).to_have_count(3)
        self.network()
        expect(self.sentence).to_have_text("Ozon confirmed 3 images.")
        self.assertEqual([url for url in puts if "d.jpg" in url], [])

    def test_an_uploaded_image_cannot_be_cancelled(self):
        self.items.nth(0).focus()
        self.network()
        expect(self.sentence).to_have_text("Ozon confirmed 4 images.")
        self.network(rate=400_000)
        self.page.evaluate("""() => {
            const file = new File([new Uint8Array(3e6)], "e.jpg", { type: "image/jpeg" });
            modal.close();
            modal.images = [...modal.images, { file, path: modal.images[0].path.replace("a.jpg", "e.jpg") }];
            modal.show();
        }""")
        self.push_button.click()
        expect(self.items.nth(4)).to_have_attribute("data-state", "sending")
        remove = self.modal.get_by_role("button", name="Remove")
        expect(remove).to_have_attribute("aria-disabled", "true")
        self.page.keyboard.press("Delete")
        self.items.nth(0).focus()
        self.page.keyboard.press("Delete")
        expect(self.items).to_have_count(5)

    def test_when_all_uploads_are_cancelled_nothing_is_sent_to_Ozon(self):
        self.items.nth(0).focus()
        for count in (3, 2, 1, 0):
            self.page.keyboard.press("Delete")
            expect(self.items).to_have_count(count)
        expect(self.sentence).to_have_text("Stopped. Nothing was sent to Ozon.")
        self.assertEqual(self.told(), [])
        self.modal.get_by_role("button", name="Undo").click()
        expect(self.items).to_have_count(1)


class Waits(ModalTest):
    def test_a_service_that_fails_is_waited_for_with_the_time_and_the_next_attempt(self):
        self.show([self.picture()])
        failures = []

        def fail(route):
            failures.append(route.request.url)
            headers = {"Retry-After": "4", "Content-Type": "application/json"}
            if len(failures) > 1:
                return route.continue_()
            return route.fulfill(status=503, headers=headers, body='{"success":false,"code":"OVERLOADED"}')

        self.context.route(re.compile("/ozon/push-images"), fail)
        self.push_button.click()
        expect(self.hint).to_have_text("The service can't be reached. Trying again.")
        progress = self.modal.locator("[part=progress]")
        expect(progress).to_have_text(re.compile(r"^Waiting for \d seconds? · next attempt in \d seconds?$"))
        expect(progress).to_contain_text("Waiting for 2 seconds")
        expect(self.sentence).to_have_text("Ozon confirmed 1 image.")
        self.assertEqual(len(failures), 2)

    def test_a_client_without_wait_listeners_is_used_too(self):
        self.show([self.picture()])
        self.page.evaluate("""() => {
            const { client } = modal;
            modal.client = { credential: () => client.credential(), push: (...given) => client.push(...given) };
        }""")
        self.push_button.click()
        expect(self.sentence).to_have_text("Ozon confirmed 1 image.")


class Results(ModalTest):
    def test_warnings_are_shown_at_their_images(self):
        self.show([self.picture("a.jpg"), self.picture("b.webp")])
        self.push_button.click()
        expect(self.sentence).to_have_text("Ozon confirmed 2 images.")
        expect(self.items.locator(".state")).to_have_text(["On Ozon", "Ozon may accept only JPEG or PNG"])
        expect(self.items.nth(1)).to_have_attribute("data-state", "warned")
        expect(self.hint).to_have_text("Ozon may not accept 1 image. The reasons are given there.")

    def test_refetch_is_passed_to_the_push(self):
        self.show([self.picture()])
        bodies = []
        self.page.on("request", lambda request: "push-images" in request.url and bodies.append(request.post_data_json))
        self.page.evaluate("modal.refetch = true")
        self.push_button.click()
        expect(self.sentence).to_have_text("Ozon confirmed 1 image.")
        self.assertEqual([body["refetch"] for body in bodies], [True])

    def test_a_person_who_is_not_logged_in_gets_a_link_to_log_in_and_can_push_then(self):
        link = self.modal.get_by_role("link", name="Log in")
        for url in (None, "/"):
            self.show([self.picture()])
            self.context.clear_cookies()
            self.page.evaluate("(url) => url && modal.setAttribute('login-url', url)", url)
            self.push_button.click()
            expect(self.sentence).to_have_text("You aren't logged in, or your session has ended.")
            expect(link).to_have_count(1 if url else 0)
            self.log_in(self.user)
            self.page.evaluate("modal.close()")
        self.page.evaluate("modal.show()")
        with self.context.expect_page() as opened:
            link.click()
        self.assertTrue(opened.value.url.startswith(f"{self.sandbox.session_url}/"))
        self.push_button.click()
        expect(self.sentence).to_have_text("Ozon confirmed 1 image.")


class Languages(ModalTest):
    def test_only_the_language_that_is_shown_is_loaded(self):
        loaded = []
        self.page.on("request", lambda request: loaded.append(request.url.split("/")[-1]))
        self.show([self.picture()], lang="zh")
        self.assertEqual([name for name in loaded if name in ("en.js", "zh.js")], ["zh.js"])
        self.page.evaluate("modal.lang = 'en'")
        expect(self.push_button).to_have_text("Confirm push")

    def test_the_other_language_takes_the_place_of_one_that_cannot_be_loaded(self):
        self.context.route(re.compile("/zh.js"), lambda route: route.abort())
        self.show([self.picture()], lang="zh")
        expect(self.push_button).to_have_text("Confirm push")
        self.page.evaluate("""() => {
            modal.client.push = async () => {
                throw Object.assign(new Error(), { code: "RATE_LIMITED", status: 429, retryAfter: 7200 });
            };
        }""")
        self.push_button.click()
        expect(self.hint).to_have_text("Try again in 2 hours.")

    def test_an_error_event_says_that_no_language_can_be_loaded_and_show_tries_again(self):
        self.context.route(re.compile("/(en|zh).js"), lambda route: route.abort())
        self.open(self.sandbox.session_url)
        self.add_modal()
        self.until("the error", lambda: self.told())
        self.assertEqual(self.told()[0][0], "error")
        self.context.unroute(re.compile("/(en|zh).js"))
        self.show([self.picture()])
        expect(self.push_button).to_have_text("Confirm push")
