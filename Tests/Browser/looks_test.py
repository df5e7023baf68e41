"""The appearance of the page and the modal: each state at three widths, light and dark. axe scans each, and a picture
of each is in .build/screenshots."""
import re

from looks import PageTest, expect, picture_bytes


class Looks(PageTest):
    def each(self, widths=(360, 768, 1440)):
        for scheme in ["light", "dark"]:
            for width in widths:
                self.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme,
                              locale="zh-CN" if width == 768 else "en-US")
                self.page.goto(self.sandbox.session_url)
                yield f"{width}-{scheme}"

    def found(self, articles):
        self.enter(articles)
        self.page.locator("#find").click()
        expect(self.page.locator(".waiting")).to_have_count(0)

    def look(self, name, whole=True):
        self.page.mouse.move(0, 0)
        overflow = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        self.assertLessEqual(overflow, 0, "wider than the window")
        self.scan()
        self.shoot(name, whole)

    def test_the_page(self):
        for at in self.each():
            self.look(f"empty-{at}")
            self.page.locator("#find").click()
            self.look(f"required-{at}")
            self.enter("A-7", key="slow-20000")
            self.page.locator("#find").click()
            expect(self.page.locator(".waiting")).to_have_count(1)
            self.look(f"finding-{at}")
            self.page.locator("#find").click()
            expect(self.page.locator(".waiting")).to_have_count(0)
            self.found("A-7\nFAULT-IMG-404\nno-such-article\nNO-IMAGES\nBIG-40")
            self.look(f"found-{at}")
            self.page.locator("#copy").click()
            self.page.wait_for_function("() => document.querySelector('#progress').value > 0")
            self.shoot(f"copying-{at}", True)
            expect(self.page.locator("#copy")).not_to_have_text("Stop")
            expect(self.page.locator("#copy")).not_to_have_text("停止")
            self.look(f"copied-{at}")
            self.cards.nth(1).locator(".head input[type=checkbox]").check()
            self.cards.nth(0).locator(".remove").first.click()
            self.look(f"selected-{at}")
            self.cards.nth(1).locator(".thumb").first.click()
            self.page.wait_for_function("() => document.querySelector('.large img').naturalWidth > 0")
            self.look(f"preview-{at}", whole=False)
            self.page.keyboard.press("Escape")
            self.enter("A-7", key="invalid-key")
            self.page.locator("#find").click()
            expect(self.page.get_by_role("alert")).to_be_visible()
            self.look(f"refused-{at}")

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
