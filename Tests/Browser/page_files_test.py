"""The page: own files, which are dropped, pasted or chosen."""
import json
import pathlib
import shutil

from looks import PICTURE, PageTest, expect, picture_bytes

DROP = """([type, selector, files]) => {
    const data = new DataTransfer();
    for (const [name, type, bytes] of files) data.items.add(new File([new Uint8Array(bytes)], name, { type }));
    const options = { bubbles: true, cancelable: true, [type === "paste" ? "clipboardData" : "dataTransfer"]: data };
    const event = type === "paste" ? new ClipboardEvent(type, options) : new DragEvent(type, options);
    document.querySelector(selector).dispatchEvent(event);
}"""


class OwnFiles(PageTest):
    def setUp(self):
        super().setUp()
        self.page.goto(self.sandbox.session_url)
        self.enter()

    def give(self, event, selector, *files):
        self.page.evaluate(DROP, [event, selector, [[name, kind, list(data)] for name, kind, data in files]])

    def test_two_files_of_one_name_do_not_replace_each_other(self):
        first, second = picture_bytes(), picture_bytes() + b"\0"
        for data in [first, second, first]:
            self.own.locator("input[type=file]").set_input_files(
                [{"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": data}])
        expect(self.own.locator(".about")).to_have_text("Added already: photo.jpg")
        expect(self.own.locator(".strip span")).to_have_text(["New", "New"])
        self.own.get_by_role("button", name="Push to Ozon").click()
        expect(self.modal.get_by_role("dialog")).to_be_visible()
        self.page.keyboard.type("1000036")
        self.page.keyboard.press("Enter")
        expect(self.status).to_have_text("Ozon confirmed 2 images.")
        record = json.loads(self.sandbox.get(f"{self.sandbox.ozon_url}/_record").body)
        imports = [call["body"] for call in record if call["path"] == "/v2/product/pictures/import"]
        urls = json.loads(imports[-1])["items"][0]["images"]
        self.assertEqual([self.sandbox.get(url).body for url in urls], [first, second])
        for url in urls:
            self.assertRegex(url, r"/users/test-user/own/[0-9a-f]{8}-photo\.jpg$")

    def test_files_can_be_dropped_or_pasted_anywhere_on_the_page(self):
        self.give("drop", "header", ("a.jpg", "image/jpeg", picture_bytes()))
        self.give("paste", "body", ("b.jpg", "image/jpeg", picture_bytes()))
        expect(self.own.locator(".strip span")).to_have_text(["New", "New"])
        self.find("A-34", "3 images from 1 article")
        self.give("drop", "#cards .card .strip", ("c.jpg", "image/jpeg", picture_bytes()))
        expect(self.states).to_have_text(["On Ozon", "On Ozon", "On Ozon", "New"])

    def test_own_files_that_are_not_stored_stay_on_the_page_whatever_is_searched(self):
        self.find("A-34\nA-35", "7 images from 2 articles")
        self.give("drop", "#cards .card:nth-child(2) .strip", ("c.jpg", "image/jpeg", picture_bytes()))
        expect(self.states.filter(has_text="New")).to_have_count(1)
        self.find("A-34", "3 images from 1 article")
        expect(self.cards.locator("h3")).to_have_text(["A-34", "A-35"])
        lines = [{"type": "start"}, {"type": "item", "index": 0, "done": 1, "article": "A-34", "status": "success",
                                     "urls": [], "uploads": []}, {"type": "error", "code": "OZON_UNAUTHORIZED"}]
        self.page.route("**/api/v1/ozon/download", times=1, handler=lambda route: route.fulfill(
            content_type="application/x-ndjson", body="".join(json.dumps(line) + "\n" for line in lines)))
        self.enter("A-34\nA-35\nA-36")
        self.page.locator("#find").click()
        expect(self.page.get_by_role("alert")).to_be_visible()
        expect(self.cards.locator("h3")).to_have_text(["A-34", "A-35"])
        expect(self.states.filter(has_text="New")).to_be_visible()

    def test_files_that_are_still_being_read_stay_on_the_page_whatever_is_searched(self):
        self.find("A-34\nA-35", "7 images from 2 articles")
        self.page.evaluate("""() => {
            const { arrayBuffer } = Blob.prototype;
            Blob.prototype.arrayBuffer = async function () {
                await new Promise((resolve) => (window.read = resolve));
                return arrayBuffer.call(this);
            };
        }""")
        self.give("drop", "#cards .card:nth-child(2) .strip", ("c.jpg", "image/jpeg", picture_bytes()))
        self.find("A-34", "3 images from 1 article")
        expect(self.cards.locator("h3")).to_have_text(["A-34", "A-35"])
        push = self.cards.nth(1).get_by_role("button", name="Push to Ozon")
        expect(push).to_have_attribute("title", "Wait until the files have been read")
        self.page.evaluate("read()")
        expect(self.states.filter(has_text="New")).to_have_count(1)
        expect(push).to_have_attribute("title", "")

    def test_a_drop_that_cannot_be_read_does_not_hold_back_the_push(self):
        errors = []
        self.page.on("pageerror", lambda error: errors.append(str(error)))
        self.give("paste", "body", ("a.jpg", "image/jpeg", picture_bytes()))
        push = self.own.get_by_role("button", name="Push to Ozon")
        expect(push).to_have_attribute("title", "")
        self.page.evaluate("""() => {
            const broken = { isDirectory: true, get name() { throw new Error("broken"); } };
            DataTransferItem.prototype.webkitGetAsEntry = () => broken;
        }""")
        self.give("drop", "header", ("b.jpg", "image/jpeg", picture_bytes()))
        self.until("the error", lambda: errors)
        expect(push).to_have_attribute("title", "")

    def test_a_removed_file_that_is_added_again_is_not_doubled_by_undo(self):
        first, second = [(name, "image/jpeg", picture_bytes() + name.encode()) for name in ("a.jpg", "b.jpg")]
        self.give("paste", "body", first, second)
        expect(self.own.locator(".thumb")).to_have_count(2)
        self.own.locator(".strip input").first.check()
        self.page.locator("#remove").click()
        expect(self.own.locator(".thumb")).to_have_count(1)
        self.give("paste", "body", first)
        expect(self.own.locator(".thumb")).to_have_count(2)
        self.page.locator("#undo").click()
        expect(self.page.locator("#toast")).to_be_hidden()
        names = [thumb.get_attribute("aria-label") for thumb in self.own.locator(".thumb").all()]
        self.assertEqual(names, ["View b.jpg", "View a.jpg"])

    def test_the_previews_of_files_are_freed_when_they_are_not_shown_any_more(self):
        self.page.evaluate("""() => {
            window.previews = new Set();
            const { createObjectURL, revokeObjectURL } = URL;
            URL.createObjectURL = (file) => {
                const url = createObjectURL(file);
                previews.add(url);
                return url;
            };
            URL.revokeObjectURL = (url) => previews.delete(url) && revokeObjectURL(url);
        }""")
        picture = ("a.jpg", "image/jpeg", picture_bytes())
        self.give("paste", "body", picture, picture, ("b.jpg", "image/jpeg", picture_bytes()))
        expect(self.own.locator(".thumb")).to_have_count(2)
        self.assertEqual(self.page.evaluate("previews.size"), 2)
        for button, count in [("#undo", 2), ("#dismiss", 1)]:
            self.own.locator(".remove").first.click()
            self.assertEqual(self.page.evaluate("previews.size"), 2)
            self.page.locator(button).click()
            self.assertEqual(self.page.evaluate("previews.size"), count)
        self.own.locator(".strip input").check()
        self.page.locator("#remove").click()
        self.page.locator("#dismiss").click()
        self.assertEqual(self.page.evaluate("previews.size"), 0)
        self.assertEqual(self.console, [])

    def test_files_of_other_types_are_named_and_not_added(self):
        jpeg = ("b.JPG", "", picture_bytes())
        self.give("drop", "body", ("logo.svg", "image/svg+xml", b"<svg/>"), ("a.bmp", "image/bmp", b"BM"), jpeg)
        expect(self.own.locator(".about")).to_contain_text("Not added: logo.svg, a.bmp. Images must be JPEG")
        expect(self.own.locator(".strip span")).to_have_count(1)

    def test_files_given_while_a_dialog_is_open_are_not_added_to_a_card_behind_it(self):
        self.give("paste", "body", ("a.jpg", "image/jpeg", picture_bytes()))
        expect(self.own.locator(".thumb")).to_have_count(1)
        dialog = self.page.get_by_role("dialog")
        for opener, target in [(".push", "ozon-upload-modal"), (".thumb", "dialog[open]")]:
            with self.subTest(opener):
                self.own.locator(opener).click()
                expect(dialog).to_be_visible()
                for event in ["paste", "drop"]:
                    self.give(event, target, (f"{event}.jpg", "image/jpeg", picture_bytes() + event.encode()))
                    expect(self.page.locator("#toast-text")).to_have_text("Close the window before adding files")
                    self.page.evaluate("document.querySelector('#toast-text').textContent = ''")
                self.page.keyboard.press("Escape")
                expect(dialog).not_to_be_visible()
        self.give("paste", "body", ("b.jpg", "image/jpeg", picture_bytes() + b"b"))
        expect(self.own.locator(".thumb")).to_have_count(2)

    def test_marks_in_the_name_of_a_file_do_not_turn_the_text_around_it(self):
        self.give("paste", "body", ("<b>\u202egnp\u2066.jpg", "image/jpeg", picture_bytes()), ("\u202etxt", "", b"x"))
        expect(self.own.get_by_role("button", name="View <b>-gnp-.jpg")).to_be_visible()
        expect(self.own.locator(".about")).to_contain_text("Not added: -txt.")

    def test_another_user_of_the_session_keeps_the_own_files_but_not_what_is_stored(self):
        self.find("A-38", "3 images from 1 article")
        self.copy("3 images in R2")
        self.give("drop", "#cards .card .strip", ("c.jpg", "image/jpeg", picture_bytes()))
        self.page.request.post(f"{self.sandbox.session_url}/login?user=another-user")
        self.find("A-38", "3 images from 1 article")
        expect(self.states).to_have_text(["On Ozon", "On Ozon", "On Ozon", "New"])
        expect(self.page.locator("#who")).to_have_text("Logged in as another-user")

    def drop_paths(self, selector, *paths):
        """Drops real files and folders, as a file manager does."""
        box = self.page.locator(selector).bounding_box()
        place = {"x": box["x"] + 5, "y": box["y"] + 5}
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        devtools = self.context.new_cdp_session(self.page)
        for kind in ["dragEnter", "dragOver", "drop"]:
            devtools.send("Input.dispatchDragEvent", {"type": kind, **place, "data": data})

    def test_a_folder_is_dropped_with_its_folders_and_without_hidden_files(self):
        folder = pathlib.Path(self.sandbox.dir) / self.user
        (folder / "inner").mkdir(parents=True)
        for number in range(120):  # more than the browser lists at once
            (folder / f"{number}.jpg").write_bytes(picture_bytes() + bytes([number]))
        (folder / "inner" / "deep.jpg").write_bytes(picture_bytes())
        for hidden in [".DS_Store", "._0.jpg", "Thumbs.db", "inner/desktop.ini"]:
            (folder / hidden).write_bytes(b"hidden")
        (folder / "inner" / "notes.txt").write_text("text")
        shutil.copy(PICTURE, folder.with_suffix(".jpg"))
        self.drop_paths("header", folder, folder.with_suffix(".jpg"))
        expect(self.own.locator(".about")).to_have_text(
            "Not added: notes.txt. Images must be JPEG, PNG, WebP, GIF, AVIF, HEIC")
        expect(self.own.locator(".thumb")).to_have_count(122)
        self.assertEqual(self.console, [])

    def test_a_file_in_a_dropped_folder_that_cannot_be_read_is_named_and_the_others_are_added(self):
        folder = pathlib.Path(self.sandbox.dir) / self.user
        folder.mkdir()
        for name in ["a.jpg", "gone.jpg"]:
            shutil.copy(PICTURE, folder / name)
        self.page.evaluate("""() => addEventListener("drop", ({ dataTransfer }) => {
            const prototype = Object.getPrototypeOf(dataTransfer.items[0].webkitGetAsEntry().createReader());
            const { readEntries } = prototype;
            prototype.readEntries = function (resolve, reject) {
                const breakOne = (entries) => {
                    const gone = entries.find(({ name }) => name === "gone.jpg");
                    if (gone) gone.file = (_, reject) => reject(new DOMException("", "NotFoundError"));
                    resolve(entries);
                };
                readEntries.call(this, breakOne, reject);
            };
        }, { capture: true })""")
        self.drop_paths("header", folder)
        expect(self.own.locator(".about")).to_have_text("Can't be read: gone.jpg")
        expect(self.own.locator(".thumb")).to_have_count(1)

    def test_a_file_that_is_dropped_while_its_card_is_out_of_sight_scrolls_to_it(self):
        self.find("A-43\nA-47\nA-51\nA-55\nA-59", "20 images from 5 articles")
        expect(self.own).not_to_be_in_viewport()
        self.give("drop", "header", ("a.jpg", "image/jpeg", picture_bytes()))
        expect(self.own.locator(".thumb")).to_be_in_viewport()

    def test_an_image_in_the_clipboard_is_pasted(self):
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.page.evaluate("""async () => {
            const canvas = Object.assign(document.createElement("canvas"), { width: 300, height: 400 });
            canvas.getContext("2d").fillRect(50, 50, 100, 100);
            const blob = await new Promise((resolve) => canvas.toBlob(resolve));
            await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        }""")
        self.page.locator("body").press("Control+V")
        expect(self.own.locator(".strip span")).to_have_text("New")
        expect(self.own.get_by_role("button", name="View image.png")).to_be_visible()

    def test_cells_of_a_spreadsheet_are_pasted_as_text_although_a_picture_comes_with_them(self):
        prevented = self.page.evaluate("""() => ["#articles", "body"].map((selector) => {
            const data = new DataTransfer();
            data.setData("text/plain", "A-1\\nA-2");
            data.items.add(new File(["picture"], "image.png", { type: "image/png" }));
            const event = new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData: data });
            return !document.querySelector(selector).dispatchEvent(event);
        })""")
        self.assertEqual(prevented, [False, True])
        expect(self.own.locator(".thumb")).to_have_count(1)

    def test_leaving_the_page_with_files_that_are_not_stored_asks(self):
        self.own.locator(".head").click()
        self.give("paste", "body", ("b.jpg", "image/jpeg", picture_bytes()))
        expect(self.own.locator(".strip span")).to_have_count(1)
        # Browsers of 2023 ask only if returnValue is set.
        self.assertEqual(self.page.evaluate("""() => {
            const event = document.createEvent("BeforeUnloadEvent");
            event.initEvent("beforeunload", false, true);
            dispatchEvent(event);
            return event.returnValue;
        }"""), "true")
        with self.page.expect_event("dialog") as asked:
            self.page.close(run_before_unload=True)
        self.assertEqual(asked.value.type, "beforeunload")
        asked.value.accept()
