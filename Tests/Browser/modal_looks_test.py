"""The appearance of the modal: each state at three widths, light and dark. axe scans each, and a picture of each is in
.build/screenshots."""
from looks import ModalTest, expect


class ModalLooks(ModalTest):
    def setUp(self):
        super().setUp()
        self.page.evaluate("""() => {
            document.title = "Modal";
            const main = document.body.appendChild(document.createElement("main"));
            main.append(Object.assign(document.createElement("h1"), { textContent: "Modal" }));
            main.append(...document.querySelectorAll("#opener, ozon-upload-modal"));
        }""")
        urls = [self.picture(f"{name}.jpg") for name in ["mug", "bad-decode, a rather long name of a file"]]
        self.images = [*(f"{urls[0]}?{number}" for number in range(4)), urls[1]]

    def each(self):
        for scheme in ["light", "dark"]:
            for width in [360, 768, 1440]:
                self.page.set_viewport_size({"width": width, "height": 900})
                self.page.emulate_media(color_scheme=scheme)
                self.lang = "zh" if width == 768 else "en"
                self.page.evaluate("""(lang) => {
                    modal.close();
                    document.documentElement.lang = lang;
                    document.documentElement.style.colorScheme = "light dark";
                }""", self.lang)
                yield f"{width}-{scheme}"

    def push(self, name, at, images=None, **options):
        """Opens the modal and pushes; the caller waits for the state to be shown."""
        self.page.evaluate("modal.close(); modal.images = []")
        self.show(images or self.images, name=name, lang=self.lang, **options)
        self.push_button.click()

    def look(self, name):
        self.page.mouse.move(0, 0)
        self.scan()
        self.shoot(f"modal-{name}")

    def test_a_browser_without_light_dark_shows_it_light(self):
        self.page.emulate_media(color_scheme="dark")
        self.show(self.images)
        self.page.evaluate("""() => {
            const [sheet] = modal.shadowRoot.adoptedStyleSheets;
            const index = [...sheet.cssRules].findIndex((rule) => rule instanceof CSSSupportsRule);
            sheet.deleteRule(index);
        }""")
        background = "getComputedStyle(modal.shadowRoot.querySelector('dialog')).backgroundColor"
        self.assertEqual(self.page.evaluate(background), "rgb(255, 255, 255)")
        self.page.evaluate("document.documentElement.lang = 'en'")
        self.look("without-light-dark")

    def test_before_a_push(self):
        for at in self.each():
            self.page.evaluate("modal.images = []")
            self.show([*self.images, {"name": "new.jpg"}], lang=self.lang)
            self.look(f"ready-{at}")
            self.items.nth(1).focus()
            self.page.keyboard.press("Delete")
            self.look(f"removed-{at}")
            self.page.evaluate("""() => {
                modal.close();
                const file = new File(["<svg/>"], "logo.svg", { type: "image/svg+xml" });
                modal.images = [...modal.images, { file, path: "users/u/logo.svg" }];
                modal.show();
            }""")
            self.look(f"unsupported-{at}")
            self.page.evaluate("modal.close()")
            self.show(self.pictures(32), lang=self.lang, product_id=None)
            self.page.keyboard.type("x")
            self.look(f"many-{at}")
            self.page.evaluate("modal.close()")
            self.show([], lang=self.lang)
            self.look(f"empty-{at}")

    def test_during_a_push(self):
        for at in self.each():
            self.network(rate=300_000)
            self.push("A-5", at, [*self.images[:2], {"name": f"{at}.jpg", "size": 6_000_000}])
            expect(self.modal.locator("[part=progress]")).to_contain_text("/s")
            self.look(f"uploading-{at}")
            self.page.keyboard.press("Escape")
            self.look(f"asking-to-stop-{at}")
            self.network(offline=True)
            self.modal.get_by_role("button", name="不关闭" if self.lang == "zh" else "Keep open").click()
            expect(self.hint).to_be_visible()
            self.look(f"offline-{at}")
            self.network()
            expect(self.sentence).to_have_class("good")
            self.push("PENDING", at, product_id=7000200)
            expect(self.steps.nth(3)).to_have_class("good")
            expect(self.modal.locator("[part=progress]")).to_be_visible()
            self.look(f"pending-{at}")
            self.page.keyboard.press("Escape")
            self.look(f"asking-{at}")

    def test_after_a_push(self):
        for at in self.each():
            for name, key, kind in [("partial", "seller-key", "warn"), ("refused", "invalid-key", "bad")]:
                self.push(name, at, key=key)
                expect(self.sentence).to_have_class(kind)
                self.look(f"{name}-{at}")
            self.push("confirmed", at, self.images[:3])
            expect(self.sentence).to_have_class("good")
            self.look(f"confirmed-{at}")
