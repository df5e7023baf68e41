"""<ozon-upload-modal>: the push, from its first step to its result."""
import re

from looks import ModalTest, expect

GOOD = ["good"] * 5


class Pushes(ModalTest):
    def test_a_push_takes_its_five_steps_and_shows_that_it_is_confirmed(self):
        images = [self.picture("a.jpg"), self.picture("b.jpg")]
        self.show(images)
        expect(self.status).to_contain_text("2 images will replace the product's pictures")
        self.push_button.click()
        expect(self.sentence).to_have_text("Ozon confirmed 2 images.")
        self.assertEqual(self.step_classes(), GOOD)
        expect(self.items.locator(".state")).to_have_text(["On Ozon", "On Ozon"])
        (_, push), (kind, done) = self.told()
        self.assertEqual(push, {"productId": 1000005, "images": images})
        self.assertEqual((kind, done["status"], done["current_images"]), ("done", "confirmed", images))
        self.push_button.click()
        expect(self.modal).not_to_have_attribute("open", re.compile(""))

    def test_a_missing_product_ID_is_requested_and_checked_while_it_is_typed(self):
        self.show([self.picture()], product_id=None, lang="zh-CN")
        field = self.modal.get_by_label("商品 ID")
        self.assertTrue(self.has_focus(field))
        expect(self.modal.locator("#hint")).to_contain_text("未设置")
        self.page.keyboard.press("Enter")
        expect(field).to_have_attribute("aria-invalid", "true")
        for wrong in ["0", "12a", "-1", "1.5", "1e3", "99999999999999999999"]:
            field.fill(wrong)
            expect(field).to_have_attribute("aria-invalid", "true")
            self.page.keyboard.press("Enter")
        self.assertEqual(self.told(), [], "nothing was sent")
        field.fill("")
        self.page.keyboard.type("1000005")
        expect(field).to_have_attribute("aria-invalid", "false")
        self.page.keyboard.press("Enter")
        expect(self.sentence).to_have_text("Ozon 已确认 1 张图片。")

    def test_a_picture_that_Ozon_rejects_is_marked_with_the_reason_and_the_others_are_pushed(self):
        self.show([self.picture("a.jpg"), self.picture("bad-decode.jpg"), self.picture("c.jpg")])
        self.push_button.click()
        expect(self.sentence).to_have_text("Ozon confirmed 2 of 3 images. The others are marked with the reason.")
        expect(self.items.locator(".state")).to_have_text(["On Ozon", "Not a readable image", "On Ozon"])
        expect(self.items.nth(1)).to_have_attribute("data-state", "failed")
        self.assertEqual(self.step_classes(), [*GOOD[:4], "warn"])
        expect(self.push_button).to_have_text("Push without the 1 failed")
        self.push_button.click()
        expect(self.sentence).to_have_text("Ozon confirmed 2 images.")
        self.assertEqual(self.names(), ["a.jpg", "c.jpg"])

    def test_a_push_that_Ozon_rejects_as_a_whole_is_shown_as_failed(self):
        self.show([self.picture("bad-decode.jpg")])
        self.push_button.click()
        expect(self.status).to_contain_text("Ozon rejected all images.")
        self.assertEqual(self.step_classes()[4], "bad")
        expect(self.items.locator(".state")).to_have_text("Not a readable image")

    def test_a_push_that_stays_pending_is_followed_to_its_end(self):
        self.show([self.picture()], product_id=7000003)
        self.push_button.click()
        expect(self.push_button).to_have_text("Pushing...")
        expect(self.sentence).to_have_text("Ozon is still processing the push.")
        self.assertEqual(self.step_classes(), [*GOOD[:4], "running"])
        expect(self.sentence).to_have_text("Ozon confirmed 1 image.")

    def test_files_are_uploaded_before_the_push_and_only_once(self):
        self.show([self.picture(), {"name": "bad-decode.jpg"}, {"name": "c.jpg", "size": 3_000_000}])
        expect(self.items.locator(".state")).to_have_text(["Ready", "Waiting", "Waiting"])
        self.network(rate=500_000)
        self.push_button.click()
        item = "document.querySelector('ozon-upload-modal').shadowRoot.querySelectorAll('[role=option]')[2]"
        bar = f"{item}.querySelector('i').style.scale"
        expect(self.items.nth(2)).to_have_attribute("data-state", "sending")
        self.page.wait_for_function(f"() => parseFloat({bar}) > 0.2 && parseFloat({bar}) < 1")
        expect(self.status).to_contain_text("Uploaded ")
        expect(self.status).to_contain_text("Ozon confirmed 2 of 3 images")
        urls = [image["url"] for image in self.page.evaluate("modal.images.map(({ url }) => ({ url }))")]
        self.assertEqual(self.told()[0][1]["images"], urls)
        self.assertEqual(len(self.sandbox.get(urls[2]).body), 3_000_000)
        puts = []
        self.page.on("request", lambda request: puts.append(request.url) if request.method == "PUT" else None)
        self.modal.get_by_role("button", name="Push again").click()
        self.until("the second push", lambda: len(self.told()) == 4)
        expect(self.sentence).to_contain_text("Ozon confirmed 2 of 3 images")
        self.page.evaluate("modal.close()")
        self.page.evaluate("modal.show()")
        expect(self.items.locator(".state")).to_have_text(["On Ozon", "Not a readable image", "On Ozon"])
        self.assertEqual(puts, [])

    def test_a_file_that_cannot_be_uploaded_is_marked_and_nothing_is_sent_to_Ozon(self):
        self.show([self.picture(), {"name": "b.jpg", "path": "users/somebody-else/b.jpg"}])
        self.push_button.click()
        expect(self.sentence).to_have_text("1 image couldn't be uploaded. Nothing was sent to Ozon.")
        reason = "Your login isn't allowed to use this user's folder."
        expect(self.items.locator(".state")).to_have_text(["Ready", reason])
        self.assertEqual(self.step_classes(), ["good", "bad", "", "", ""])
        [(kind, error)] = self.told()
        self.assertEqual((kind, error["code"]), ("error", "PATH_NOT_ALLOWED"))

    def test_errors_are_shown_as_a_message_with_the_request_ID(self):
        image = self.picture()
        for key, product, words in [
            ("invalid-key", 1000005, "Ozon 拒绝了卖家凭证。"),
            ("seller-key", 4242424242, "Ozon 上没有此 ID 的商品。"),
            ("seller-key", 126 + 1, "商品已归档或尚未创建，或之前的推送仍在处理。"),
        ]:
            with self.subTest(words):
                self.show([image], product_id=product, lang="zh", key=key)
                self.push_button.click()
                expect(self.sentence).to_have_text(words)
                kind, error = self.told()[-1]
                self.assertEqual(kind, "error")
                expect(self.status.locator("small")).to_have_text(f"请求 ID {error['requestId']}")
                self.assertRegex(error["requestId"], r"^[0-9a-f]{32}$")
                self.page.evaluate("modal.close()")

    def test_a_response_that_is_not_the_backends_ends_the_push(self):
        unknown = "The response didn't come from the service. Ozon may still apply the push."
        for body, sentence in [
            ({}, unknown), ({"data": {"items": []}}, unknown),
            ({"data": {"status": "confirmed"}}, "Ozon confirmed 0 images."),
            ({"data": {"status": "queued"}}, "Ozon rejected all images."),
        ]:
            with self.subTest(body):
                self.page.unroute("**/ozon/push-images")
                self.page.route("**/ozon/push-images", lambda route: route.fulfill(json=body))
                self.show([self.picture()])
                self.push_button.click()
                expect(self.sentence).to_have_text(sentence)
                self.page.evaluate("modal.close(); modal.images = []")

    def test_an_error_after_the_push_was_sent_says_that_Ozon_may_still_apply_it(self):
        fault = {"success": False, "error": "Internal error", "code": "INTERNAL", "request_id": "0" * 32}
        logged_out = {**fault, "code": "UNAUTHORIZED"}
        pending = {"success": True, "data": {"status": "pending", "task_id": 9}}
        service, login = "The service has a fault.", "You aren't logged in, or your session has ended."
        maybe = " Ozon may still apply the push."
        for push, poll, sentence in [
            ((500, fault), None, service + maybe), ((401, logged_out), None, login),
            ((200, pending), (500, fault), service + maybe), ((200, pending), (401, logged_out), login + maybe),
        ]:
            with self.subTest(sentence):
                for name, (status, body) in [("push-images", push), ("push-status", poll or push)]:
                    self.answer(f"**/ozon/{name}", status, body)
                self.show([self.picture()])
                self.push_button.click()
                expect(self.sentence).to_have_text(sentence)
                self.page.evaluate("modal.close(); modal.images = []")

    def test_without_a_credential_nothing_is_sent(self):
        for credential in ["async () => { throw new Error('no') }", "undefined", "() => null"]:
            with self.subTest(credential):
                self.show([{"name": "a.jpg"}])
                self.page.evaluate(f"modal.client = new OzonR2({{ baseURL: '', credential: {credential} }})")
                self.push_button.click()
                expect(self.sentence).to_have_text("The seller's credential isn't available.")
                self.assertEqual(self.step_classes()[0], "bad")
                expect(self.items).to_have_attribute("data-state", "waiting")
                self.page.evaluate("modal.close()")
        self.assertEqual({kind for kind, _ in self.told()}, {"error"})

    def test_a_listener_can_stop_the_push(self):
        self.show([self.picture()])
        self.page.evaluate("modal.addEventListener('push', (event) => event.preventDefault(), { once: true })")
        self.push_button.click()
        self.until("the event", lambda: len(self.told()) == 1)
        expect(self.push_button).to_have_text("Confirm push")
        self.push_button.click()
        expect(self.sentence).to_have_text("Ozon confirmed 1 image.")

    def test_a_push_can_be_stopped_and_then_started_again(self):
        self.show([{"name": "a.jpg", "size": 3_000_000}])
        self.network(rate=300_000)
        self.push_button.click()
        expect(self.items).to_have_attribute("data-state", "sending")
        self.modal.get_by_role("button", name="Stop").click()
        expect(self.sentence).to_have_text("Stopped. Nothing was sent to Ozon.")
        expect(self.items).to_have_attribute("data-state", "waiting")
        self.assertEqual(self.told(), [])
        self.network()
        self.push_button.click()
        expect(self.sentence).to_have_text("Ozon confirmed 1 image.")

    def test_images_over_the_limit_are_marked(self):
        self.show(self.pictures(32))
        expect(self.sentence).to_have_text("32 images will replace the product's pictures.")
        expect(self.hint).to_have_text("Ozon takes 30 images. The last 2 won't be used.")
        self.assertEqual(self.items.locator(".state").all_inner_texts()[29:], ["Ready", *["Over the limit of 30"] * 2])
        self.push_button.click()
        expect(self.sentence).to_have_text("Ozon confirmed 30 of 32 images. The others are marked with the reason.")
        states = self.items.locator(".state").all_inner_texts()
        self.assertEqual(states[29:], ["On Ozon", *["Over the limit of 30"] * 2])
        self.items.nth(31).focus()
        self.page.keyboard.press("Shift+Home")
        expect(self.items.nth(0).locator(".state")).to_have_text("Ready")
        expect(self.items.nth(30).locator(".state")).to_have_text("Over the limit of 30")
