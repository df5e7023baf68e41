"""The appearance of the modal: each state at three widths, light and dark. axe scans each, and a picture of each is in
.build/screenshots."""
from looks import COLOR_RULES, RULES, ModalTest, expect

WIDTHS = {"en": [360, 1440], "zh": [768]}


class ModalLooks(ModalTest):
    def setUp(self):
        super().setUp()
        self.page.evaluate("""() => {
            document.title = "Modal";
            document.documentElement.style.colorScheme = "light dark";
            const main = document.body.appendChild(document.createElement("main"));
            main.append(Object.assign(document.createElement("h1"), { textContent: "Modal" }));
            main.append(...document.querySelectorAll("#opener, ozon-upload-modal"));
        }""")
        urls = [self.picture(f"{name}.jpg") for name in ["mug", "bad-decode, a rather long name of a file"]]
        self.images = [*(f"{urls[0]}?{number}" for number in range(4)), urls[1]]

    def each_language(self):
        for self.lang in WIDTHS:
            self.page.evaluate("(lang) => (document.documentElement.lang = lang)", self.lang)
            yield self.lang

    def show_new(self, images=None, **options):
        """Opens the modal with these images, whatever it has shown before."""
        self.page.evaluate("modal.close(); modal.images = []")
        self.show(self.images if images is None else images, lang=self.lang, **options)

    def push(self, name, images=None, **options):
        """Opens the modal and pushes; the caller waits for the state to be shown."""
        self.show_new(images, name=name, **options)
        self.push_button.click()

    def look(self, name):
        """Looks at the state at all widths of the language, light and dark."""
        self.page.mouse.move(0, 0)
        for width in WIDTHS[self.lang]:
            self.page.set_viewport_size({"width": width, "height": 900})
            for scheme, rules in {"light": RULES, "dark": COLOR_RULES}.items():
                self.page.emulate_media(color_scheme=scheme)
                self.scan(rules)
                self.shoot(f"modal-{name}-{width}-{scheme}")

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
        self.scan()
        self.shoot("modal-without-light-dark")

    def test_before_a_push(self):
        for _ in self.each_language():
            self.show_new([*self.images, {"name": "new.jpg"}])
            self.look("ready")
            self.items.nth(1).focus()
            self.page.keyboard.press("Delete")
            self.look("removed")
            self.page.evaluate("""() => {
                modal.close();
                const file = new File(["<svg/>"], "logo.svg", { type: "image/svg+xml" });
                modal.images = [...modal.images, { file, path: "users/u/logo.svg" }];
                modal.show();
            }""")
            self.look("unsupported")
            self.show_new(self.pictures(32), product_id=None)
            self.page.keyboard.type("x")
            self.look("many")
            self.show_new([])
            self.look("empty")

    def test_during_a_push(self):
        for lang in self.each_language():
            self.network(rate=150_000)
            self.push("A-5", [*self.images[:2], {"name": f"{lang}.jpg", "size": 15_000_000}])
            expect(self.modal.locator("[part=progress]")).to_contain_text("/s")
            self.items.nth(2).focus()
            self.look("uploading")
            self.page.keyboard.press("Escape")
            self.look("asking-to-stop")
            self.network(offline=True)
            self.modal.get_by_role("button", name="不关闭" if lang == "zh" else "Keep open").click()
            expect(self.hint).to_be_visible()
            self.look("offline")
            self.network()
            expect(self.sentence).to_have_class("good")
            self.push("PENDING", product_id=7000200)
            expect(self.steps.nth(3)).to_have_class("good")
            expect(self.modal.locator("[part=progress]")).to_be_visible()
            self.look("pending")
            self.page.keyboard.press("Escape")
            self.look("asking")

    def test_after_a_push(self):
        warned = [self.images[0], self.picture("warned.webp")]
        for _ in self.each_language():
            for name, key, kind, images in [
                ("partial", "seller-key", "warn", self.images), ("refused", "invalid-key", "bad", self.images),
                ("confirmed", "seller-key", "good", self.images[:3]), ("warned", "seller-key", "good", warned),
            ]:
                self.push(name, images, key=key)
                expect(self.sentence).to_have_class(kind)
                self.look(name)

    def test_without_a_login(self):
        self.page.evaluate("modal.setAttribute('login-url', '/')")
        for _ in self.each_language():
            self.context.clear_cookies()
            self.push("A-5")
            expect(self.modal.get_by_role("link")).to_be_visible()
            self.look("logged-out")

    def test_while_the_service_fails(self):
        failed = {"status": 503, "headers": {"Retry-After": "60"}, "body": "{}"}
        self.context.route("**/push-images", lambda route: route.fulfill(**failed))
        for _ in self.each_language():
            self.push("A-5")
            expect(self.modal.locator("[part=progress]")).to_be_visible()
            self.look("waiting")
