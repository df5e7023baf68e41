"""The bundles that the packages contain (deploy/bundle): they work, and what a browser downloads for them is small."""
import pathlib
import re
import shutil
import subprocess

from harness import REPOSITORY, sandbox
from looks import ModalTest, expect

KB = 1024


def setUpModule():
    folder = pathlib.Path(sandbox().dir) / "ozon-r2" / "html" / "bundled"
    shutil.copytree(REPOSITORY / "nginx" / "html", folder)
    subprocess.run([REPOSITORY / "deploy" / "bundle", folder], check=True)


class Bundles(ModalTest):
    def open(self, origin, options=None):
        """Opens a page that has loaded the bundles alone."""
        self.responses = []
        self.page.on("response", lambda response: re.search(r"\.js$", response.url) and self.responses.append(response))
        self.page.goto(f"{origin}/ozon-r2/bundled/ozon-r2.d.ts")
        self.page.evaluate("""async () => {
            Object.assign(window, await import("/ozon-r2/bundled/ozon-r2.js"));
            window.studio = new OzonR2({ baseURL: "" });
        }""")
        self.client_size = self.downloaded()

    def add_modal(self):
        super().add_modal("/ozon-r2/bundled")

    def downloaded(self):
        """The bytes of all modules so far, as they were transferred: compressed by nginx."""
        for response in self.responses:
            response.finished()
        return sum(response.request.sizes()["responseBodySize"] for response in self.responses)

    def test_the_client_and_the_modal_have_16_KB_each(self):
        self.assertTrue(4 * KB < self.client_size < 16 * KB, self.client_size)
        expect(self.push_button).to_have_text("Confirm push")
        self.assertTrue(8 * KB < self.downloaded() - self.client_size < 16 * KB, self.downloaded())
        self.assertLess(len(self.responses), 9)

    def test_a_push_with_a_file_is_confirmed(self):
        self.show([self.picture(), {"name": "b.jpg"}], lang="zh")
        self.push_button.click()
        expect(self.sentence).to_have_text("Ozon 已确认 2 张图片。")

    def test_the_page_finds_images(self):
        self.page.goto(f"{self.sandbox.session_url}/ozon-r2/bundled/")
        for name, value in {"client": "1000", "key": "seller-key", "user": self.user, "articles": "A-7"}.items():
            self.page.locator(f"#{name}").fill(value)
        self.page.locator("#find").click()
        expect(self.page.locator("#cards > .card .thumb").first).to_be_visible()
        self.assertEqual({url.split("/")[-2] for url in (one.url for one in self.responses)}, {"bundled", "chunks"})
