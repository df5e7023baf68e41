"""The appearance of the page: each state at three widths, light and dark, at one of them in Chinese. axe scans each,
and a picture of each is in .build/screenshots."""
import re

from looks import COLOR_RULES, RULES, PageTest, expect, picture_bytes


class Looks(PageTest):
    def look(self, name, whole=True):
        """`whole`: the picture is of the whole page, and otherwise of the window."""
        self.page.mouse.move(0, 0)
        for width in [360, 768, 1440]:
            self.page.set_viewport_size({"width": width, "height": 900})
            self.switch_language(width == 768)
            # The elements are the same in both schemes, so the second scan examines the colors alone.
            for scheme, rules in {"light": RULES, "dark": COLOR_RULES}.items():
                self.page.emulate_media(color_scheme=scheme)
                with self.subTest(name, width=width, scheme=scheme):
                    overflow = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
                    self.assertLessEqual(overflow, 0, "wider than the window")
                    self.scan(rules)
                    self.shoot(f"{name}-{width}-{scheme}", whole)
        self.switch_language(False)

    def switch_language(self, is_chinese):
        """Also works behind an open dialog."""
        self.page.evaluate("""(language) => {
            if (document.documentElement.lang !== language) document.querySelector("#language").click();
        }""", "zh" if is_chinese else "en")

    def search(self, articles, key="seller-key"):
        self.enter(articles, key=key)
        self.page.locator("#find").click()

    def push(self, card, sentence):
        card.locator(".push").click()
        self.push_button.click()
        expect(self.sentence).to_have_text(sentence)
        self.page.keyboard.press("Escape")

    def test_a_search(self):
        self.page.goto(self.sandbox.session_url)
        self.look("empty")
        self.page.locator("#find").click()
        self.look("required")
        self.search("A-67", key="slow-20000")
        expect(self.page.locator(".waiting")).to_have_count(1)
        self.look("finding")
        self.page.locator("#find").click()
        self.search("A-67", key="invalid-key")
        expect(self.page.get_by_role("alert")).to_be_visible()
        self.look("refused")
        self.context.clear_cookies()
        self.page.locator("#find").click()
        expect(self.page.locator("#login")).to_be_visible()
        self.look("logged-out")

    def test_a_copy(self):
        self.find("A-67\nFAULT-IMG-404\nno-such-article\nNO-IMAGES\nBIG-40", "47 images from 5 articles")
        self.look("found")
        self.network(rate=1000)
        self.page.locator("#copy").click()
        expect(self.states.filter(has_text="Copying...").first).to_be_visible()
        self.look("copying")
        self.network(offline=True)
        expect(self.summary).to_have_text("Offline. Continues when the network is back")
        self.look("offline")
        self.network()
        expect(self.summary).to_have_text("46 images in R2, 1 failed")
        self.look("copied")
        self.cards.nth(1).locator(".head input[type=checkbox]").check()
        self.cards.nth(0).locator(".remove").first.click()
        self.look("selected")
        self.cards.nth(1).locator(".thumb").first.click()
        self.page.wait_for_function("() => document.querySelector('.large img').naturalWidth > 0")
        self.look("preview", whole=False)

    def test_pushes(self):
        self.find("A-41\nA-42", "5 images from 2 articles")
        self.copy("5 images in R2")
        self.push(self.cards.nth(0), "Ozon confirmed 2 images.")
        self.cards.nth(1).locator("input[type=file]").set_input_files(
            [{"name": "bad-decode.jpg", "mimeType": "image/jpeg", "buffer": picture_bytes()}])
        self.own.locator("input[type=file]").set_input_files(
            [{"name": "a rather long name of a picture, with спаси́бо and 图片.jpg", "mimeType": "image/jpeg",
              "buffer": picture_bytes()}, {"name": "logo.svg", "mimeType": "image/svg+xml", "buffer": b"<svg/>"}])
        self.push(self.cards.nth(1), re.compile("^Ozon confirmed 3 of 4 images"))
        expect(self.states.last).to_have_text("Not a readable image")
        self.look("pushed")

    def test_the_page_uses_nothing_newer_than_Chrome_109_Firefox_115_and_Safari_16_4(self):
        self.page.goto(self.sandbox.session_url)
        expect(self.page.locator("#client")).to_be_visible()
        newer = re.compile(r"light-dark\(|color-mix\(|:has\(|^ *&|text-wrap|@starting-style|field-sizing|popover|"
                           r"withResolvers|AbortSignal\.any|groupBy|\.to(Sorted|Reversed|Spliced)\(|fromAsync|"
                           r"\.(union|intersection|difference)\(|canParse|\.aria[A-Z]\w* =", re.M)
        own = [url for url in self.requests if re.search(r"/ozon-r2/(page[./]|$)", url)]
        self.assertGreater(len(own), 10)
        for url in own:
            code = re.sub(r"/\*.*?\*/", "", self.sandbox.get(url).body.decode(), flags=re.S)
            self.assertNotRegex(code, newer, url)
