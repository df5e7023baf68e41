"""The page: the whole flow as a person does it, and what it says when something is wrong."""
import re

from looks import PageTest, expect, picture_bytes

SLOW = "slow-700"
"""An API key whose calls take 700 ms: what moves half a second after a click or a key is not excused by it."""


class WholeFlow(PageTest):
    def test_from_an_empty_browser_to_pictures_on_Ozon_by_keys_alone(self):
        self.page.goto(self.sandbox.session_url)
        self.page.locator("#client").focus()
        for text in ["1000", SLOW, "test-user", "A-7\nA-11"]:
            self.page.keyboard.type(text)
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
        expect(self.modal.locator("[part=sku]")).to_contain_text("1000007")
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
        stored = self.page.evaluate("async () => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, await indexedDB.databases(), document.cookie])")
        self.assertNotIn(SLOW, stored)

    def test_own_files_are_added_by_drop_and_pushed_to_a_product_the_person_names(self):
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
        expect(own.locator(".about")).to_have_text("1 file ignored: only images can be added")
        expect(own.locator(".strip span")).to_have_text("New")
        own.get_by_role("button", name="Push to Ozon").click()
        self.page.keyboard.type("1000013")
        self.page.keyboard.press("Enter")
        expect(self.status).to_have_text("Ozon confirmed 1 image.")
        self.push_button.click()
        expect(own.locator(".about")).to_have_text("Pushed, 1 image confirmed")
        expect(own.locator(".strip span")).to_have_text("In R2")
        self.assertEqual(self.console, [])

    def test_own_files_come_after_the_article_s_images_and_one_that_Ozon_refuses_is_told(self):
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

    def test_what_the_browser_may_not_read_the_server_copies_and_the_page_says_so(self):
        self.page.goto(self.sandbox.session_url)
        self.enter("FAULT-IMG-NOCORS\nFAULT-IMG-404")
        self.page.locator("#find").click()
        expect(self.cards).to_have_count(2)
        self.page.locator("#copy").click()
        expect(self.summary).to_have_text("5 images in R2, 1 of them copied by the server, 1 failed")
        expect(self.cards.nth(0).locator(".strip span")).to_have_text(["In R2", "Copied by server", "In R2"])
        expect(self.cards.nth(1).locator(".strip span")).to_have_text(["In R2", "HTTP 404", "In R2"])

    def test_a_search_that_fails_takes_away_neither_images_nor_own_files(self):
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

    def test_200_articles_and_a_copy_that_is_stopped(self):
        self.page.goto(self.sandbox.session_url)
        self.enter("\n".join(f"A-{number}" for number in range(101, 301)), key=SLOW)
        self.page.locator("#find").click()
        expect(self.summary).to_have_text("500 images from 200 articles")
        expect(self.cards).to_have_count(200)
        self.page.locator("#copy").click()
        self.page.wait_for_function("() => document.querySelector('#progress').value > 0.05")
        self.page.locator("#copy").click()
        expect(self.summary).to_have_text("Stopped")
        expect(self.page.locator("#copy")).to_have_text("Copy to R2")
        self.assertLess(self.page.evaluate("() => document.querySelector('#progress').value"), 1)
        self.assertLess(self.shift(), 0.001, "nothing jumps")


class Wrong(PageTest):
    def setUp(self):
        super().setUp()
        self.page.goto(self.sandbox.session_url)
        self.problem = self.page.get_by_role("alert")

    def test_all_that_is_missing_is_said_at_once_beside_its_field(self):
        self.page.locator("#find").click()
        for name in ["client", "key", "user", "articles"]:
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
        words = ["Product not found", "The product has no images", "On Ozon"]
        expect(self.cards.locator(".strip li")).to_have_text(words)
        for card in [0, 1, 2]:
            expect(self.cards.nth(card).get_by_role("button", name="Push")).to_have_attribute("aria-disabled", "true")

    def test_refusals_are_told_in_words_with_the_id_of_the_request(self):
        for key, user, words in [("invalid-key", "test-user", "Ozon rejected the credential."),
                                 ("seller-key", "somebody-else", "This user ID doesn't belong to your login.")]:
            with self.subTest(words):
                self.enter("2194435302", key=key, user=user)
                self.page.locator("#find").click()
                expect(self.problem).to_contain_text(words)
                expect(self.problem).to_contain_text(re.compile("Request ID: [0-9a-f]{32}$"))
        self.context.clear_cookies()
        self.enter("2194435302")
        self.page.locator("#find").click()
        expect(self.problem).to_contain_text("You aren't logged in")
        self.page.locator("#language").click()
        expect(self.problem).to_contain_text("您尚未登录")

    def test_the_page_speaks_the_browser_s_language_and_changes_it_at_once(self):
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
        self.page.locator("#language").click()
        self.cards.get_by_role("button", name="推送到 Ozon").click()
        expect(self.push_button).to_have_text("确认推送")
        self.assertEqual(self.console, [])
