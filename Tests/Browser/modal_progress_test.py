"""<ozon-upload-modal>: what it shows while a push runs, and what it offers after one that failed in part."""
import re

from looks import ModalTest, expect

REMOVE_FAILED = "Push without the 1 failed"


class Progress(ModalTest):
    def setUp(self):
        super().setUp()
        self.progress = self.modal.locator("[part=progress]")

    def test_uploads_show_their_bytes_speed_and_time_left(self):
        self.show([{"name": "a.jpg", "size": 2_000_000}, {"name": "b.jpg", "size": 2_000_000}])
        self.network(rate=500_000)
        self.push_button.click()
        expect(self.sentence).to_have_text("Uploaded 0 of 2 images")
        expect(self.progress).to_have_text(
            re.compile(r"^[\d.]+ (kB|MB) of 4 MB · [\d.]+ (kB|MB)/s · about \d+ seconds? left$"))
        bar = self.progress.get_by_role("progressbar", name="Uploading")
        self.assertTrue(0 < float(bar.get_attribute("value") or bar.evaluate("(bar) => bar.value")) < 1)
        self.network()
        expect(self.sentence).to_have_text("Ozon confirmed 2 images.")
        expect(self.progress).to_be_hidden()

    def test_the_units_are_in_the_language_of_the_texts_however_the_language_is_named(self):
        for lang, sentence in [("en_US", "Ozon confirmed 1 image."), ("ru", "Ozon confirmed 1 image."),
                               ("zh_CN", "Ozon 已确认 1 张图片。")]:
            with self.subTest(lang):
                self.show([{"name": f"{lang}.jpg", "size": 1_500_000}], lang=lang)
                expect(self.modal.locator("dialog")).to_have_attribute("lang", lang[:2].replace("ru", "en"))
                self.network(rate=500_000)
                self.push_button.click()
                expect(self.progress).to_contain_text("1.5 MB")
                self.network()
                expect(self.sentence).to_have_text(sentence)
                self.page.evaluate("modal.close()")

    def test_the_number_of_uploaded_images_grows_although_all_have_begun(self):
        self.show([{"name": "a.jpg"}, {"name": "b.jpg", "size": 3_000_000}])
        self.network(rate=400_000)
        self.push_button.click()
        expect(self.sentence).to_have_text("Uploaded 1 of 2 images")
        self.assertEqual(self.items.nth(1).get_attribute("data-state"), "sending")

    def test_a_pending_push_shows_how_long_it_has_been_waited_for(self):
        self.show([self.picture()], product_id=7000099)
        self.push_button.click()
        expect(self.sentence).to_have_text("Ozon is still processing the push.")
        expect(self.progress).to_contain_text("Waiting for 2 seconds")
        expect(self.progress).to_contain_text("You may close this window: Ozon continues.")

    def test_a_screen_reader_is_not_notified_of_each_byte(self):
        self.show([{"name": "a.jpg", "size": 2_000_000}])
        self.page.evaluate("""() => {
            window.changes = 0;
            const status = modal.shadowRoot.querySelector("[role=status]");
            new MutationObserver(() => (changes += 1)).observe(status, { childList: true, subtree: true });
        }""")
        self.network(rate=1_000_000)
        self.push_button.click()
        expect(self.sentence).to_have_text("Ozon confirmed 1 image.")
        self.assertLessEqual(self.page.evaluate("changes"), 6)

    def test_a_push_without_network_says_that_it_waits(self):
        self.show([{"name": "a.jpg", "size": 3_000_000}])
        self.network(rate=300_000)
        self.push_button.click()
        expect(self.items).to_have_attribute("data-state", "sending")
        self.network(offline=True)
        expect(self.hint).to_have_text("You're offline. The push continues when the network is back.")
        self.network()
        expect(self.hint).to_have_count(0)
        expect(self.sentence).to_have_text("Ozon confirmed 1 image.")


class AfterAPush(ModalTest):
    def test_a_failed_image_is_scrolled_into_view_and_can_be_left_out(self):
        self.page.set_viewport_size({"width": 900, "height": 500})
        images = [f"{self.picture()}?{number}" for number in range(24)]
        self.show([*images, self.picture("bad-decode.jpg")])
        self.push_button.click()
        expect(self.sentence).to_contain_text("Ozon confirmed 24 of 25 images.")
        expect(self.hint).to_have_text("Remove or replace the marked images, or push again.")
        expect(self.items.nth(24)).to_be_in_viewport()
        expect(self.items.nth(24)).to_have_attribute("aria-selected", "true")
        expect(self.modal.get_by_role("button", name="Undo")).to_be_hidden()
        expect(self.modal.get_by_role("button", name="Earlier")).to_be_in_viewport()
        expect(self.push_button).to_have_text(REMOVE_FAILED)
        self.push_button.click()
        expect(self.sentence).to_have_text("Ozon confirmed 24 images.")
        expect(self.items).to_have_count(24)

    def test_only_the_failed_files_are_uploaded_again(self):
        self.show([{"name": "a.jpg"}, {"name": "b.jpg"}])
        self.page.evaluate("""() => {
            const { upload } = modal.client;
            window.uploads = [];
            modal.client.upload = async function (file, path, options) {
                uploads.push(file.name);
                if (file.name === "b.jpg" && uploads.length < 3) {
                    throw Object.assign(new Error(), { code: "FILE_CHANGED" });
                }
                return upload.call(this, file, path, options);
            };
        }""")
        self.push_button.click()
        expect(self.sentence).to_have_text("1 image couldn't be uploaded. Nothing was sent to Ozon.")
        expect(self.hint).to_have_text("Remove it and add it again.")
        expect(self.items.nth(1).locator(".state")).to_have_text("The file was changed or deleted after it was chosen.")
        expect(self.push_button).to_have_text(REMOVE_FAILED)
        self.modal.get_by_role("button", name="Retry the 1 failed").click()
        expect(self.sentence).to_have_text("Ozon confirmed 2 images.")
        self.assertEqual(self.page.evaluate("uploads"), ["a.jpg", "b.jpg", "b.jpg"])

    def test_a_file_is_not_uploaded_again_as_one_of_other_images(self):
        self.show([{"name": "a.jpg"}])
        self.push_button.click()
        expect(self.sentence).to_have_text("Ozon confirmed 1 image.")
        self.page.evaluate("""() => {
            modal.close();
            const [{ file, path }] = modal.images;
            modal.images = [{ file, path }, { file, path: `${path}.copy.jpg` }];
            modal.show();
        }""")
        expect(self.items.locator(".state")).to_have_text(["Ready", "Waiting"])

    def test_reopening_keeps_the_arrangement_the_product_ID_and_the_marks(self):
        self.show([self.picture("bad-decode.jpg"), self.picture("b.jpg")], product_id=None)
        field = self.modal.get_by_role("textbox")
        field.fill("1000005")
        self.items.nth(1).focus()
        self.page.keyboard.press("Shift+Home")
        self.push_button.click()
        expect(self.sentence).to_contain_text("Ozon confirmed 1 of 2 images.")
        self.modal.locator(".buttons").get_by_role("button", name="Close").click()
        self.page.locator("#opener").click()
        self.assertEqual(self.names(), ["b.jpg", "bad-decode.jpg"])
        expect(field).to_have_value("1000005")
        expect(self.items.locator(".state")).to_have_text(["On Ozon", "Not a readable image"])
        expect(self.sentence).to_contain_text("Ozon confirmed 1 of 2 images.")

    def test_other_images_that_are_set_after_a_push_are_shown_by_the_next_opening(self):
        images = self.pictures(3)
        self.show(images[:2])
        self.push_button.click()
        expect(self.sentence).to_have_text("Ozon confirmed 2 images.")
        self.page.evaluate("(url) => (modal.images = [{ url }])", images[2])
        expect(self.items).to_have_count(2)
        expect(self.sentence).to_have_text("Ozon confirmed 2 images.")
        self.page.evaluate("modal.close(); modal.show()")
        expect(self.items).to_have_count(1)
        expect(self.sentence).to_have_text("1 image will replace the product's pictures.")

    def test_a_file_of_another_type_is_marked_before_the_push(self):
        self.show([self.picture()])
        self.page.evaluate("""() => {
            modal.close();
            const file = new File(["<svg/>"], "logo.svg", { type: "image/svg+xml" });
            modal.images = [...modal.images, { file, path: "users/u/logo.svg" }];
            modal.show();
        }""")
        expect(self.items.nth(1).locator(".state")).to_have_text("Unsupported file type")
        expect(self.sentence).to_contain_text("1 file can't be pushed. Only JPEG, PNG, WebP, GIF, AVIF and HEIC can.")
        self.push_button.click()
        expect(self.sentence).to_have_text("Ozon confirmed 1 image.")
        expect(self.items).to_have_count(1)

    def test_a_wait_that_the_server_demands_is_given_in_words(self):
        self.show([self.picture()], lang="zh")
        self.page.evaluate("""() => {
            modal.client.push = async () => {
                throw Object.assign(new Error(), { code: "RATE_LIMITED", status: 429, retryAfter: 7200 });
            };
        }""")
        self.push_button.click()
        expect(self.sentence).to_have_text("请求过多。")
        expect(self.hint).to_have_text("请在 2小时后重试。")
