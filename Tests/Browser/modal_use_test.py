"""<ozon-upload-modal>: what pages and people do at an unexpected moment."""
from looks import ModalTest, expect

SET_B = "(url) => { modal.sku = { name: 'B', productId: 1000006 }; modal.images = [{ url }]; }"


class Values(ModalTest):
    def setUp(self):
        super().setUp()
        self.urls = self.pictures(3)

    def shown(self):
        return self.modal.locator("[part=sku] p").first.locator("span").inner_text(), self.items.count()

    def test_product_and_images_wait_together_for_a_person_who_has_arranged_the_images(self):
        self.show(self.urls)
        self.items.first.focus()
        self.page.keyboard.press("Shift+End")
        self.page.evaluate(SET_B, self.urls[0])
        self.assertEqual(self.shown(), ("A-5", 3))
        self.push_button.click()
        self.until("the push", lambda: self.told())
        self.assertEqual(self.told()[0][1]["productId"], 1000005)
        expect(self.sentence).to_have_text("Ozon confirmed 3 images.")
        self.items.first.focus()
        self.page.keyboard.press("Delete")
        self.page.evaluate("modal.sku = { name: 'C', productId: 1000007 }")
        self.assertEqual(self.shown(), ("A-5", 2))
        self.page.evaluate("modal.close(); modal.show()")
        self.assertEqual(self.shown(), ("C", 1))

    def test_a_missing_product_ID_is_shown_when_it_is_found(self):
        self.show(self.urls, product_id=None)
        self.items.first.focus()
        self.page.keyboard.press("Delete")
        self.page.evaluate("modal.sku = { name: 'A-5', productId: 1000005 }")
        expect(self.modal.get_by_text("1000005")).to_be_visible()
        self.assertEqual(self.shown(), ("A-5", 2))

    def test_values_that_wait_outlast_a_move_of_the_element(self):
        self.show(self.urls)
        self.items.first.focus()
        self.page.keyboard.press("Delete")
        self.page.evaluate(SET_B, self.urls[0])
        self.page.evaluate("document.body.append(modal); modal.show()")
        self.assertEqual(self.shown(), ("B", 1))


class Opening(ModalTest):
    def test_an_element_that_is_opened_before_its_insertion_is_shown_then(self):
        self.show([])  # loads the language
        for open_it in ["setAttribute('open', '')", "show()"]:
            with self.subTest(open_it):
                self.page.evaluate("""() => {
                    window.closed = 0;
                    modal.remove();
                    window.modal = document.createElement("ozon-upload-modal");
                    modal.addEventListener("close", () => (window.closed += 1));
                }""")
                self.page.evaluate(f"modal.{open_it}; document.body.append(modal)")
                expect(self.modal.get_by_role("dialog")).to_be_visible()
                self.assertEqual(self.page.evaluate("closed"), 0)

    def test_an_element_with_open_false_is_not_closed_when_it_is_inserted(self):
        self.show([])  # loads the language
        closed = self.page.evaluate("""() => {
            let closed = 0;
            modal.remove();
            window.modal = document.createElement("ozon-upload-modal");
            modal.addEventListener("close", () => (closed += 1));
            modal.setAttribute("open", "false");
            document.body.append(modal);
            const mounted = closed;
            modal.show();
            modal.setAttribute("open", "false");
            return [mounted, closed, modal.shadowRoot.querySelector("dialog").open];
        }""")
        self.assertEqual(closed, [0, 1, False])

    def test_a_modal_with_open_false_that_is_shown_stays_open_and_fires_close_when_it_is_closed(self):
        self.show(self.pictures(1), product_id=7000099)
        self.page.evaluate("""() => {
            modal.close();
            modal.setAttribute("open", "false");
            window.closings = 0;
            modal.addEventListener("close", () => (window.closings += 1));
            modal.show();
        }""")
        dialog = self.modal.get_by_role("dialog")
        expect(dialog).to_be_visible()
        expect(self.modal).to_have_attribute("open", "")
        self.push_button.click()
        expect(self.sentence).to_contain_text("still processing")
        self.page.evaluate("modal.lang = 'zh'; modal.setAttribute('login-url', '/')")
        expect(self.push_button).to_have_text("推送中...")
        expect(dialog).to_be_visible()
        self.page.evaluate("modal.close(); modal.setAttribute('open', 'false'); modal.show()")
        self.page.keyboard.press("Escape")
        expect(dialog).not_to_be_visible()
        self.until("the second event", lambda: self.page.evaluate("closings") == 2)

    def test_the_previews_of_files_are_freed_while_it_is_not_in_the_document(self):
        self.show([{"name": "a.jpg"}, {"name": "b.jpg"}])
        self.items.first.focus()
        self.page.keyboard.press("Delete")
        previews = self.page.evaluate("""async () => {
            const all = [];
            const [create, revoke] = [URL.createObjectURL, URL.revokeObjectURL];
            URL.createObjectURL = (file) => { const url = create(file); all.push(`+${url}`); return url; };
            URL.revokeObjectURL = (url) => { all.push(`-${url}`); revoke(url); };
            modal.remove();
            const freed = all.length;
            document.body.append(modal);
            modal.show();
            return [freed, ...all.map((one) => one[0])];
        }""")
        self.assertEqual(previews, [2, "-", "-", "+", "+"])
        self.until("the picture", lambda: self.items.locator("img").evaluate("(image) => image.naturalWidth > 0"))


class Presses(ModalTest):
    def test_a_double_click_on_keep_open_and_a_held_Enter_do_not_stop_the_push(self):
        self.show([self.picture()], product_id=7000099)
        self.push_button.click()
        expect(self.sentence).to_contain_text("still processing")
        close = self.modal.locator("[part=header] button")
        close.click()
        self.modal.get_by_role("button", name="Keep open").dblclick()
        expect(self.sentence).to_contain_text("still processing")
        close.focus()
        for _ in range(4):
            self.page.keyboard.down("Enter")  # after the first one, with `repeat`
        self.page.keyboard.up("Enter")
        expect(self.sentence).to_contain_text("If you close the window")
        self.page.keyboard.press("Enter")
        expect(self.sentence).to_contain_text("still processing")
        self.assertTrue(self.has_focus(close))

    def test_Enter_in_the_product_ID_does_what_the_main_button_says(self):
        self.show([self.picture()], product_id=None)
        self.page.keyboard.type("1000005")
        self.page.keyboard.press("Enter")
        expect(self.push_button).to_have_text("Close")
        self.page.keyboard.down("Enter")
        expect(self.modal.get_by_role("dialog")).not_to_be_visible()
        self.assertEqual([kind for kind, _ in self.told()], ["push", "done"])

    def test_after_the_last_image_is_removed_it_can_be_put_back_by_keyboard(self):
        self.show([self.picture()])
        for remove in [lambda: self.page.keyboard.press("Delete"),
                       lambda: self.modal.get_by_role("button", name="Remove").click()]:
            self.items.first.focus()
            remove()
            expect(self.items).to_have_count(0)
            self.assertTrue(self.has_focus(self.modal.get_by_role("button", name="Undo")))
            self.page.keyboard.press("Control+z")
            expect(self.items).to_have_count(1)

    def test_a_tile_that_is_released_outside_the_list_does_not_follow_the_pointer(self):
        self.show(self.pictures(3))
        box = self.items.last.bounding_box()
        x, y = box["x"] + box["width"] - 2, box["y"] + 40
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.evaluate("""() => {
            const list = modal.shadowRoot.querySelector("[part=grid]");
            window.move = (init) => list.dispatchEvent(new PointerEvent("pointermove", { pointerId: 1, ...init }));
        }""")
        dragged = self.modal.locator(".dragged")
        self.page.evaluate("([clientX, clientY]) => move({ clientX, clientY, buttons: 1, pointerId: 7 })", [x - 80, y])
        expect(dragged).to_have_count(0)
        self.page.evaluate("([clientX, clientY]) => move({ clientX, clientY, buttons: 0 })", [x - 80, y])
        expect(dragged).to_have_count(0)
        self.page.mouse.up()


class Failures(ModalTest):
    def test_whatever_a_client_rejects_with_is_an_error_and_not_a_result(self):
        maybe, unknown = " Ozon may still apply the push.", "An unexpected error occurred."
        for reason, text in [("{ code: 'NETWORK' }", "There was no response." + maybe), ("null", unknown + maybe),
                             ("{ errors: { base: [] } }", unknown + maybe), ("''", unknown + maybe),
                             ("'It broke.'", f"{unknown} It broke.{maybe}")]:
            with self.subTest(reason):
                self.show(self.pictures(1))
                self.page.evaluate("""() => {
                    told.length = 0;
                    window.isError = false;
                    const examine = ({ detail }) => (window.isError = detail instanceof Error);
                    modal.addEventListener("error", examine, { once: true });
                }""")
                self.page.evaluate(f"() => {{ modal.client.push = () => Promise.reject({reason}); }}")
                self.push_button.click()
                expect(self.sentence).to_have_text(text)
                self.assertEqual([kind for kind, _ in self.told()], ["push", "error"])
                self.assertTrue(self.page.evaluate("isError"))
                self.page.evaluate("modal.close(); modal.images = []")

    def test_the_product_ID_cannot_be_changed_during_a_push(self):
        self.show([self.picture()], product_id=None)
        field = self.modal.get_by_role("textbox")
        field.fill("7000099")
        self.push_button.click()
        expect(self.sentence).to_contain_text("still processing")
        expect(field).not_to_be_editable()
        self.modal.get_by_role("button", name="Stop").click()
        expect(field).to_be_editable()
