"""The page: lists of articles, and what the demo suggests."""
import json
import re
import urllib.request

from harness import REPOSITORY
from looks import PageTest, expect


class Entries(PageTest):
    def test_pasted_lists_are_understood(self):
        self.page.goto(self.sandbox.session_url)
        entries = self.page.evaluate(
            "async (text) => (await import('/ozon-r2/page/form.js')).entriesOf(text)",
            'A-1\tA-2\r\n\u200bA-3\ufeff, "A,4" ,"say ""A 5"""；15" TV、A-1\n"half')
        self.assertEqual(entries, ["A-1", "A-2", "A-3", "A,4", 'say "A 5"', '15" TV', '"half'])

    def test_each_entry_of_a_pasted_list_gets_a_card_with_its_name(self):
        self.find('"A,1"\tsay ""hi""\r\n\u200bA-31\ufeff', "4 images from 3 articles")
        expect(self.cards.locator("h3")).to_have_text(["A,1", 'say ""hi""', "A-31"])
        expect(self.states).to_have_text(["Product not found"] * 2 + ["On Ozon"] * 4)

    def test_a_product_with_over_30_images_says_so_before_the_push(self):
        self.find("BIG-33", "33 images from 1 article")
        self.copy("33 images in R2")
        about = self.cards.locator(".about")
        expect(about).to_have_text("Product 5000033 · 33 images · Ozon takes 30 images at most")
        for _ in range(3):
            self.cards.locator(".remove").last.click()
        expect(about).to_have_text("Product 5000033 · 30 images")


class Demo(PageTest):
    def post(self, route, **fields):
        body = {"credential": {"client_id": "1000", "api_key": "seller-key"}, **fields}
        headers = {"Content-Type": "application/json", "X-API-Key": self.sandbox.api_key}
        request = urllib.request.Request(self.sandbox.url + route, json.dumps(body).encode(), headers)
        return json.loads(urllib.request.urlopen(request, timeout=30).read())["data"]

    def test_everything_that_the_demo_suggests_is_copied(self):
        demo = (REPOSITORY / "deploy" / "demo").read_text()
        suggested = re.search(r'any API key, and the articles ([^"]+)"', demo)[1]
        self.assertEqual(suggested.split(", "), ["2194435300", "2194435301", "A-5", "FAULT-IMG-NOCORS"])
        # The main job of the demo pushes pictures of another user to A-5.
        copied = self.post("/api/v1/ozon/download", articles=["2194435300"], user_id="copy-user", download_images=True)
        self.post("/api/v1/ozon/push-images", product_id=1000005, images=copied["items"][0]["urls"][:2])
        self.find(suggested, "13 images from 4 articles")
        self.copy("13 images in R2, 1 of them copied by the server")
        expect(self.states).to_have_text(["In R2"] * 11 + ["Copied by server", "In R2"])
        self.cards.nth(3).locator(".thumb").nth(1).click()
        expect(self.page.get_by_role("dialog")).to_contain_text("The server copied it, because the browser couldn't")
