"""The page: the images of its cards, and their URLs."""
import re

from looks import PageTest, expect

class StoredURLs(PageTest):
    def setUp(self):
        super().setUp()
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])

    def clipboard(self):
        return self.page.evaluate("navigator.clipboard.readText()")

    def test_the_URLs_of_all_or_of_selected_images_are_copied(self):
        self.find("A-13\nA-14", "5 images from 2 articles")
        copy = self.page.locator("#copy-urls")
        expect(copy).to_have_attribute("aria-disabled", "true")
        self.copy("5 images in R2")
        copy.click()
        expect(self.page.locator("#toast")).to_contain_text("5 URLs copied")
        urls = self.clipboard().splitlines()
        self.assertEqual(len(urls), 5)
        for url in urls:
            self.assertIn("/public/users/test-user/ozon/A-1", url)
            self.assertEqual(self.sandbox.get(url).status, 200)
        self.cards.nth(1).locator(".head input[type=checkbox]").check()
        copy.click()
        expect(self.page.locator("#toast")).to_contain_text("3 URLs copied")
        self.assertEqual(self.clipboard().splitlines(), urls[2:])

    def test_a_CSV_file_has_a_row_for_each_stored_image(self):
        self.find("A-13", "2 images from 1 article")
        self.copy("2 images in R2")
        with self.page.expect_download() as download:
            self.page.locator("#csv").click()
        with open(download.value.path(), encoding="utf-8", newline="") as file:
            lines = file.read().split("\r\n")
        self.assertEqual(lines[0], "\ufeffarticle,product_id,position,name,url,source")
        self.assertEqual(len(lines), 4)
        self.assertRegex(lines[2], r'^"A-13","1000013","2","\d+\.jpg","http://.*/users/test-user/.*","http://.*"$')

    def test_a_cell_of_the_CSV_file_is_never_a_formula(self):
        csv = self.csv_of([{"article": '=1+"2"', "product_id": -5, "name": "-a"}])
        self.assertEqual(csv.split("\r\n")[1], '"\'=1+""2""","-5","","\'-a","",""')

    def csv_of(self, rows):
        self.page.goto(self.sandbox.session_url)
        return self.page.evaluate("async (rows) => (await import('/ozon-r2/page/urls.js')).csvOf(rows)", rows)

    def test_the_large_view_shows_the_stored_image_and_copies_or_opens_its_URL(self):
        self.find("A-13", "2 images from 1 article")
        self.copy("2 images in R2")
        self.cards.locator(".thumb").first.click()
        dialog = self.page.get_by_role("dialog")
        expect(dialog.get_by_role("heading")).to_contain_text("1 of 2")
        self.page.keyboard.press("ArrowRight")
        expect(dialog.get_by_role("heading")).to_contain_text("2 of 2")
        url = dialog.get_by_role("link").get_attribute("href")
        self.assertIn("/public/users/test-user/ozon/A-13/", url)
        expect(dialog.locator("img")).to_have_attribute("src", url)
        self.page.wait_for_function("() => document.querySelector('.large img').naturalWidth > 0")
        dialog.get_by_role("button", name="Copy URL").click()
        expect(dialog).to_contain_text("1 URL copied")
        self.assertEqual(self.clipboard(), url)
        self.page.keyboard.press("Escape")
        expect(dialog).not_to_be_visible()
        self.assertTrue(self.has_focus(self.cards.locator(".thumb").first))

    def test_an_address_that_is_not_http_is_never_a_link(self):
        self.page.goto(self.sandbox.session_url)
        address = "javascript:alert(1)//a.jpg"
        item = {"article": "<img src=x>", "status": "success", "urls": [address], "uploads": []}
        self.page.route("**/api/v1/ozon/download", lambda route: route.fulfill(
            json={"success": True, "data": {"items": [item]}}))
        self.find("A-13", "1 image from 1 article")
        self.cards.locator(".thumb").first.click()
        dialog = self.page.get_by_role("dialog")
        expect(dialog.get_by_role("heading")).to_have_text("a.jpg, 1 of 1")
        expect(dialog.get_by_role("link")).to_have_count(0)
        self.assertNotIn("javascript", dialog.locator("a").get_attribute("href") or "")

    def test_thumbnails_are_loaded_in_the_small_size_of_the_CDN(self):
        self.find("A-13", "2 images from 1 article")
        expect(self.cards.locator("img").first).to_have_js_property("complete", True)
        images = [url for url in self.requests if url.startswith(self.sandbox.cdn_url)]
        self.assertTrue(images)
        self.assertEqual([url for url in images if "/wc200/" not in url], [])


class Copies(PageTest):
    def setUp(self):
        super().setUp()
        self.puts = []
        self.page.on("request", lambda request: request.method == "PUT" and self.puts.append(request.url))

    def test_what_is_stored_is_not_copied_again(self):
        self.find("A-18", "3 images from 1 article")
        self.copy("3 images in R2")
        self.assertEqual(len(self.puts), 3)
        self.page.locator("#copy").click(force=True)
        expect(self.page.locator("#toast-text")).to_have_text("All images are in R2")
        self.find("A-18\nA-21", "5 images from 2 articles, 3 in R2 already")
        expect(self.page.locator("#copy")).to_have_text("Copy the other 2")
        self.copy("5 images in R2")
        self.assertEqual(len(self.puts), 5)

    def test_failed_images_are_retried_alone(self):
        self.find("FAULT-IMG-404", "3 images from 1 article")
        self.copy("2 images in R2, 1 failed")
        expect(self.page.locator("#copy")).to_have_text("Retry 1 failed")
        self.copy("2 images in R2, 1 failed")
        self.assertEqual(len(self.puts), 2)

    def test_a_stopped_copy_keeps_what_is_stored_and_goes_on_with_the_others(self):
        self.find("BIG-30", "30 images from 1 article")
        self.network(rate=60_000)
        self.page.evaluate("window.picture = document.querySelector('.thumb img'); null")
        self.page.locator("#copy").click()
        expect(self.cards.locator(".good").first).to_be_visible()
        expect(self.states.filter(has_text="Copying...").first).to_be_visible()
        expect(self.states.filter(has_text="Waiting").first).to_be_visible()
        self.page.locator("#copy").click()
        expect(self.summary).to_have_text("Stopped")
        stored = self.cards.locator(".good").count()
        expect(self.page.locator("#copy")).to_have_text(f"Copy the other {30 - stored}")
        self.network()
        self.copy("30 images in R2")
        self.assertTrue(self.page.evaluate("picture === document.querySelector('.thumb img')"), "kept in place")

    def test_an_image_that_is_removed_after_its_copy_stays_in_the_progress(self):
        self.find("BIG-30", "30 images from 1 article")
        self.network(rate=60_000)
        self.page.locator("#copy").click()
        expect(self.cards.locator(".good").first).to_be_visible()
        self.cards.locator(".good .remove").first.click()
        self.page.evaluate("document.querySelector('#summary').textContent = ''")
        expect(self.summary).to_contain_text("of 30 images in R2")
        self.network()
        expect(self.summary).to_have_text("29 images in R2")

    def test_a_copy_says_its_bytes_speed_and_time_and_a_screen_reader_hears_it_rarely(self):
        self.find("BIG-40", "40 images from 1 article")
        self.page.evaluate("""() => {
            window.spoken = [];
            const note = ([{ target }]) => window.spoken.push(target.textContent);
            new MutationObserver(note).observe(document.querySelector("#announcer"), { childList: true });
        }""")
        self.network(rate=60_000)
        self.page.locator("#copy").click()
        expect(self.summary).to_contain_text(
            re.compile(r"^\d+ of 40 images in R2 · .*B of .*B · .*B/s · about \d+ \w+ left$"))
        self.network()
        expect(self.summary).to_have_text("40 images in R2")
        spoken = self.page.evaluate("spoken")
        self.assertLess(len(spoken), 10, spoken)
        self.assertEqual(spoken[-1], "40 images in R2")

    def test_pictures_that_were_pushed_from_the_bucket_are_copied_for_another_user(self):
        self.find("A-25", "2 images from 1 article")
        self.copy("2 images in R2")
        self.cards.get_by_role("button", name="Push to Ozon").click()
        self.push_button.click()
        expect(self.status).to_have_text("Ozon confirmed 2 images.")
        self.page.keyboard.press("Escape")
        self.find("A-25", "2 images from 1 article, 2 in R2 already")
        self.page.goto(f"{self.sandbox.session_url}/login?user=another-user")
        self.find("A-25", "2 images from 1 article")
        self.copy("2 images in R2")
        self.assertEqual(self.console, [])


class Selection(PageTest):
    def test_images_are_removed_with_the_mouse_or_the_Delete_key_and_restored(self):
        self.find("A-31", "4 images from 1 article")
        names = [tile.get_attribute("aria-label") for tile in self.cards.locator(".thumb").all()]
        self.cards.locator(".remove").nth(1).click()
        expect(self.cards.locator(".thumb")).to_have_count(3)
        self.cards.locator(".thumb").nth(2).focus()
        self.page.keyboard.press("Delete")
        expect(self.cards.locator(".thumb")).to_have_count(2)
        self.assertTrue(self.has_focus(self.cards.locator(".thumb").nth(1)))
        self.page.locator("#language").click()
        expect(self.page.locator("#toast-text")).to_have_text("已移除 1 张图片")
        self.page.locator("#undo").click()
        expect(self.cards.locator(".thumb")).to_have_count(3)
        expect(self.page.locator("#toast")).not_to_be_visible()
        self.page.locator("#language").click()
        shown = [tile.get_attribute("aria-label") for tile in self.cards.locator(".thumb").all()]
        self.assertEqual(shown, [names[0], *names[2:]])
        self.cards.locator(".remove").first.click()
        self.page.get_by_role("button", name="Close").click()
        expect(self.page.locator("#toast")).not_to_be_visible()
        expect(self.cards.locator(".thumb")).to_have_count(2)

    def test_images_that_a_search_has_found_again_are_not_doubled_by_undo(self):
        self.find("A-7", "4 images from 1 article")
        searches = []
        self.page.route("**/api/v1/ozon/download", times=1, handler=lambda route: searches.append(route))
        self.page.locator("#find").click()
        self.until("the search", lambda: searches)
        for button in ["#select", "#remove"]:
            self.page.locator(button).click()
        expect(self.cards.locator(".thumb")).to_have_count(0)
        searches[0].continue_()
        expect(self.summary).to_have_text("4 images from 1 article")
        self.page.locator("#undo").click()
        expect(self.cards.locator(".thumb")).to_have_count(4)

    def test_the_focus_is_not_lost_with_the_buttons_of_the_message(self):
        self.find("A-7", "4 images from 1 article")
        thumbs = self.cards.locator(".thumb")
        for button, focused in [("#undo", 1), ("#dismiss", 2)]:
            thumbs.nth(focused).focus()
            self.page.keyboard.press("Delete")
            self.page.locator(button).focus()
            self.page.keyboard.press("Enter")
            expect(self.page.locator("#toast")).to_be_hidden()
            self.assertTrue(self.has_focus(thumbs.nth(focused)), button)
        expect(thumbs).to_have_count(3)
        thumbs.nth(2).focus()
        self.page.keyboard.press("Delete")
        self.page.locator("#articles").focus()
        self.page.locator("#dismiss").focus()
        self.page.keyboard.press("Enter")
        self.assertTrue(self.has_focus(self.page.locator("#articles")), "the focus was moved after the removal")
        expect(thumbs).to_have_count(2)
        self.page.locator("#select").click()
        self.page.locator("#remove").click()
        self.page.locator("#undo").click()
        self.assertTrue(self.has_focus(thumbs.first))

    def test_only_the_selected_images_are_copied_pushed_or_removed(self):
        self.find("A-31\nA-33", "6 images from 2 articles")
        self.cards.nth(0).locator(".strip input").nth(2).check()
        expect(self.page.locator("#copy")).to_have_text("Copy 1 to R2")
        self.copy("1 image in R2")
        expect(self.states).to_have_text(["On Ozon", "On Ozon", "In R2", "On Ozon", "On Ozon", "On Ozon"])
        push = self.cards.nth(0).get_by_role("button", name="Push 1 to Ozon")
        push.click()
        expect(self.items).to_have_count(1)
        self.page.keyboard.press("Escape")
        self.page.locator("#select").click()
        self.page.locator("#select").click()
        expect(self.page.locator("#select")).to_have_text("Clear 6 selected")
        self.cards.nth(1).locator(".strip input").nth(0).uncheck()
        self.page.locator("#remove").click()
        expect(self.states).to_have_count(2)
        expect(self.cards.nth(0)).to_contain_text("All images were removed here")
        self.page.locator("#undo").click()
        expect(self.cards.locator(".thumb")).to_have_count(6)

    def test_a_push_that_is_off_says_why(self):
        self.find("A-31", "4 images from 1 article")
        expect(self.cards.locator(".about")).to_have_text("Product 1000031 · 4 images · Copy to R2 before the push")
        self.cards.get_by_role("button", name="Push to Ozon").click(force=True)
        expect(self.page.locator("#toast-text")).to_have_text("Copy to R2 before the push")

    def test_products_are_found_by_SKU_or_product_ID(self):
        self.page.goto(self.sandbox.session_url)
        for field, label in [("sku", "SKUs"), ("product_id", "Product IDs")]:
            self.page.locator("#field").select_option(field)
            expect(self.page.locator("#articles-label")).to_have_text(label)
            number = {"sku": 2000031, "product_id": 1000031}[field]
            self.find(str(number), "4 images from 1 article")
            expect(self.cards.locator("h3")).to_have_text(str(number))
            expect(self.cards.locator(".about")).to_contain_text("Product 1000031")
