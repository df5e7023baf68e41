"""Shared by the tests of the modal and the page.

    PageTest        a test of the page, without a login: self.console has the console's messages, self.shift() is the
                    sum of layout shifts that the user did not cause, self.hosts() are the hosts of the page's requests
    ModalTest       a test of a modal in an empty page: self.picture(name) uploads a picture and returns its URL;
                    self.show(images, ...) opens the modal; self.items, self.sentence, self.push_button are locators;
                    self.told() has the details of the `push`, `done` and `error` events
    self.scan()     fails if axe finds a violation of WCAG 2.2 AA; scan(COLOR_RULES): examines the colors alone
    self.shoot(name)    saves a picture of the window in .build/screenshots
"""
import json
import pathlib
import urllib.parse

from axe_playwright_python.sync_playwright import Axe
from harness import REPOSITORY, BrowserTest
from playwright.sync_api import expect

SCREENSHOTS = REPOSITORY / ".build" / "screenshots"
PICTURE = REPOSITORY / "deploy" / "sandbox" / "images" / "mug.jpg"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOR_RULES = ["color-contrast", "link-in-text-block"]
expect.set_options(timeout=30_000)


class LooksTest(BrowserTest):
    def scan(self, only=RULES):
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(Axe().axe_script)
        # Without resultTypes, axe describes everything that it examined, which takes four times as long.
        found = self.page.evaluate(
            """async (runOnly) => {
                const { violations } = await axe.run({ runOnly, resultTypes: ["violations"] });
                return violations.map(({ id, nodes }) => [id, nodes.map(({ target }) => target)]);
            }""", only)
        self.assertEqual(found, [])

    def shoot(self, name, whole=False):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=whole, animations="disabled")

    def answer(self, url, status, body):
        """Answers the requests to URLs of this pattern in the place of nginx."""
        self.page.unroute(url)
        self.page.route(url, lambda route: route.fulfill(status=status, json=body))

    @property
    def modal(self):
        return self.page.locator("ozon-upload-modal")

    @property
    def items(self):
        return self.modal.get_by_role("option")

    @property
    def status(self):
        return self.modal.locator("[part=status]")

    @property
    def sentence(self):
        """The first sentence of the status, without the hint and the request ID."""
        return self.status.locator("p").first

    @property
    def hint(self):
        return self.status.locator("p.hint")

    @property
    def push_button(self):
        return self.modal.locator("[part=primary]")

    @property
    def steps(self):
        return self.modal.locator("[part=steps] > li")

    def step_classes(self):
        return self.steps.evaluate_all("(steps) => steps.map((step) => step.className)")

    def has_focus(self, locator):
        return locator.evaluate("(element) => element.getRootNode().activeElement === element")


class PageTest(LooksTest):
    def open_first(self):
        self.new_page()

    def new_page(self, **options):
        """Opens an empty page, in a new context if there are options."""
        if options:
            self.context = self.context.browser.new_context(**options)
            self.addCleanup(self.context.close)
        self.page = self.context.new_page()
        self.console, self.requests = [], []
        self.page.on("console", lambda message: self.console.append(message.text))
        self.page.on("pageerror", lambda error: self.console.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.add_init_script("""
            window.shifts = 0;
            new PerformanceObserver((list) => {
                for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) window.shifts += value;
            }).observe({ type: "layout-shift", buffered: true });""")

    def enter(self, articles="", client="1000", key="seller-key"):
        for name, value in {"client": client, "key": key, "articles": articles}.items():
            self.page.locator(f"#{name}").fill(value)

    def find(self, articles, text, **options):
        """Opens the page if it isn't open, searches, and waits for the text beside the heading."""
        if not self.page.url.endswith("/ozon-r2/"):
            self.page.goto(self.sandbox.session_url)
        self.enter(articles, **options)
        self.page.locator("#find").click()
        expect(self.summary).to_have_text(text)

    def copy(self, text):
        self.page.locator("#copy").click()
        expect(self.summary).to_have_text(text)

    def shift(self):
        return self.page.evaluate("shifts")

    def hosts(self):
        parsed = [urllib.parse.urlsplit(url) for url in self.requests]
        return {f"{url.scheme}://{url.netloc}" for url in parsed if url.scheme != "blob"}

    @property
    def cards(self):
        return self.page.locator("#cards > .card")

    @property
    def own(self):
        return self.page.locator("section > .card")

    @property
    def states(self):
        return self.cards.locator(".strip span")

    @property
    def summary(self):
        return self.page.locator("#summary")


class ModalTest(LooksTest):
    def setUp(self):
        super().setUp()
        self.add_modal()

    def add_modal(self, folder="/ozon-r2"):
        self.page.evaluate("""async (folder) => {
            await import(`${folder}/ozon-upload-modal.js`);
            window.told = [];
            window.modal = document.createElement("ozon-upload-modal");
            for (const type of ["push", "done", "error"]) {
                modal.addEventListener(type, ({ detail }) => {
                    const { code, requestId, message } = detail;
                    window.told.push([type, detail instanceof Error ? { code, requestId, message } : detail]);
                });
            }
            const opener = Object.assign(document.createElement("button"), { id: "opener", textContent: "open" });
            opener.addEventListener("click", () => modal.show());
            document.body.replaceChildren(opener, modal);
        }""", folder)

    def picture(self, name="a.jpg"):
        return self.call(
            """(async () => {
                const file = new File([new Uint8Array(given.bytes)], "x.jpg", { type: "image/jpeg" });
                return (await studio.upload(file, `users/${given.user}/${given.name}`)).public_url;
            })()""",
            {"bytes": list(PICTURE.read_bytes()), "user": self.user, "name": name})

    def pictures(self, count):
        """The URLs of `count` pictures, which differ only in the query."""
        url = self.picture()
        return [f"{url}?{number}" for number in range(1, count + 1)]

    def show(self, images, product_id=1000005, name="A-5", lang="en", key="seller-key"):
        """`images`: URLs, or {"name": ..., "size": ..., "path": ...} of a file that is not uploaded yet."""
        given = [{"url": image} if isinstance(image, str) else image for image in images]
        self.page.evaluate(
            """([given, bytes, sku, lang, user, api_key]) => {
                const fill = (size) => new Uint8Array(Math.max(size ?? 0, bytes.length)).map((_, at) => bytes[at] ?? 0);
                const file = ({ name, size }) => new File([fill(size)], name, { type: "image/jpeg" });
                const path = (image) => image.path ?? `users/${user}/${image.name}`;
                const images = given.map((image) => image.url ? image : { file: file(image), path: path(image) });
                const credential = async () => {
                    window.asked = (window.asked ?? 0) + 1;
                    return { client_id: "1000", api_key };
                };
                const client = new OzonR2({ baseURL: "", userId: user, credential });
                Object.assign(modal, { client, sku, images, lang });
                document.querySelector("#opener").focus();
                modal.show();
            }""",
            [given, list(PICTURE.read_bytes()), {"name": name, "productId": product_id}, lang, self.user, key])
        expect(self.modal.get_by_role("dialog")).to_be_visible()  # once its language is loaded

    def told(self):
        return json.loads(self.page.evaluate("JSON.stringify(told)"))

    def names(self):
        return self.items.locator(".name").all_inner_texts()


def picture_bytes():
    return pathlib.Path(PICTURE).read_bytes()
