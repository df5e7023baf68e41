"""<ozon-upload-modal>: arranging the images, and the dialog."""
import re

from looks import ModalTest, expect


class Arranging(ModalTest):
    def setUp(self):
        super().setUp()
        self.urls = [self.picture(f"{name}.jpg") for name in "abcde"]
        self.show(self.urls)
        self.announcer = self.modal.locator(".announcer")

    def order(self):
        return "".join(name[0] for name in self.names())

    def test_keys_move_and_remove_images_and_screen_readers_are_notified(self):
        self.items.first.focus()
        self.page.keyboard.press("ArrowRight")
        self.page.keyboard.press("ArrowRight")
        self.assertTrue(self.has_focus(self.items.nth(2)))
        self.page.keyboard.press("Shift+ArrowLeft")
        self.assertEqual(self.order(), "acbde")
        expect(self.announcer).to_have_text("Image 3 moved to position 2 of 5")
        self.assertTrue(self.has_focus(self.items.nth(1)))
        expect(self.items.nth(1)).to_have_attribute("aria-label", "Image 2 of 5: c.jpg. Ready")
        self.page.keyboard.press("Shift+End")
        self.assertEqual(self.order(), "abdec")
        self.page.keyboard.press("Delete")
        self.assertEqual(self.order(), "abde")
        self.assertTrue(self.has_focus(self.items.nth(3)))
        self.page.keyboard.press("Home")
        self.page.keyboard.press("ArrowLeft")
        self.assertTrue(self.has_focus(self.items.first))
        self.push_button.click()
        self.until("the push", lambda: self.told())
        self.assertEqual([url[-5] for url in self.told()[0][1]["images"]], list("abde"))

    def test_the_up_and_down_keys_move_between_rows(self):
        self.page.set_viewport_size({"width": 360, "height": 800})
        self.items.first.focus()
        self.page.keyboard.press("ArrowDown")
        self.assertTrue(self.has_focus(self.items.nth(3)))
        self.page.keyboard.press("Shift+ArrowUp")
        self.assertEqual(self.order(), "dabce")

    def test_an_image_can_be_dragged_with_the_mouse(self):
        start, end = self.items.nth(4).bounding_box(), self.items.first.bounding_box()
        self.page.mouse.move(start["x"] + 40, start["y"] + 40)
        self.page.mouse.down()
        self.page.mouse.move(end["x"] + 40, end["y"] + 40, steps=8)
        expect(self.items.first).to_have_attribute("data-drop", "before")
        self.page.mouse.up()
        self.assertEqual(self.order(), "eabcd")
        expect(self.items.first.locator(".badge")).to_have_text("Main")
        self.items.first.click()
        self.assertEqual(self.order(), "eabcd", "a click does not drag")

    def test_a_list_that_is_replaced_during_a_drag_keeps_its_order(self):
        errors = []
        self.page.on("pageerror", lambda error: errors.append(str(error)))
        for count in (1, 5):
            with self.subTest(count):
                self.page.evaluate("modal.close(); modal.images = modal.images.slice().reverse(); modal.show()")
                start, end = self.items.last.bounding_box(), self.items.first.bounding_box()
                self.page.mouse.move(start["x"] + 40, start["y"] + 40)
                self.page.mouse.down()
                self.page.mouse.move(end["x"] + 40, end["y"] + 40, steps=8)
                expect(self.items.first).to_have_attribute("data-drop", "before")
                given = self.order()[:count]
                self.page.evaluate("(count) => modal.images = modal.images.slice(0, count).map((image) => "
                                   "({ ...image, id: count }))", count)
                self.page.mouse.move(end["x"] + 60, end["y"] + 60, steps=2)
                self.page.mouse.up()
                self.assertEqual(self.order(), given)
                self.page.evaluate("(urls) => modal.images = urls.map((url) => ({ url }))", self.urls)
        self.assertEqual(errors, [])

    def test_an_image_that_is_removed_during_a_drag_is_not_dropped(self):
        errors = []
        self.page.on("pageerror", lambda error: errors.append(str(error)))
        start, end = self.items.nth(4).bounding_box(), self.items.nth(1).bounding_box()
        self.page.mouse.move(start["x"] + 40, start["y"] + 40)
        self.page.mouse.down()
        self.page.mouse.move(end["x"] + 40, end["y"] + 40, steps=8)
        self.page.keyboard.press("Delete")
        self.page.mouse.up()
        self.assertEqual((self.order(), errors), ("abcd", []))

    def test_a_selected_image_can_be_dragged_by_touch(self):
        devtools = self.context.new_cdp_session(self.page)

        def touch(kind, item=None):
            box = item and item.bounding_box()
            points = [{"x": box["x"] + 40, "y": box["y"] + 40}] if box else []
            devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        def drag():
            touch("touchStart", self.items.first)
            for item in (1, 2):
                touch("touchMove", self.items.nth(item))
            touch("touchEnd")

        self.items.nth(4).focus()
        drag()
        self.assertEqual(self.order(), "abcde", "not selected, it is not dragged: the list could not be scrolled")
        self.items.first.focus()
        drag()
        self.assertEqual(self.order(), "bcade")

    def test_the_buttons_do_what_dragging_and_keys_do(self):
        def click(name):
            self.modal.get_by_role("button", name=name).click()

        self.items.nth(2).click()
        click("Earlier")
        self.assertEqual(self.order(), "acbde")
        click("Later")
        self.assertEqual(self.order(), "abcde")
        click("Make main")
        self.assertEqual(self.order(), "cabde")
        expect(self.modal.get_by_role("button", name="Make main")).to_have_attribute("aria-disabled", "true")
        click("Remove")
        self.assertEqual(self.order(), "abde")
        expect(self.status).to_contain_text("4 images")
        expect(self.announcer).to_have_text("c.jpg removed")
        self.items.nth(3).focus()
        self.page.keyboard.press("Delete")
        self.assertEqual(self.order(), "abd")
        click("Undo")
        self.assertEqual(self.order(), "abde")
        self.page.keyboard.press("Control+z")
        self.assertEqual(self.order(), "cabde")
        expect(self.modal.get_by_role("button", name="Undo")).to_be_hidden()
        expect(self.status).to_contain_text("5 images")

    def test_while_a_push_runs_nothing_is_moved_or_removed(self):
        self.page.evaluate("modal.sku = { productId: 7000009 }")
        self.push_button.click()
        expect(self.status).to_contain_text("Pushing...")
        self.items.nth(2).focus()
        self.page.keyboard.press("Shift+ArrowLeft")
        self.page.keyboard.press("Delete")
        self.modal.get_by_role("button", name="Remove").click(force=True)
        self.assertEqual(self.order(), "abcde")

    def test_without_images_there_is_nothing_to_push(self):
        for _ in "abcde":
            self.modal.get_by_role("button", name="Remove").click()
        expect(self.modal.get_by_text("No images to push")).to_be_visible()
        expect(self.push_button).to_have_attribute("aria-disabled", "true")
        self.push_button.click(force=True)
        self.assertEqual(self.told(), [])


class Dialogs(ModalTest):
    def test_the_focus_stays_inside_and_then_returns_to_the_opener(self):
        self.show([self.picture()])
        self.page.evaluate("modal.close()")
        self.page.locator("#opener").click()
        for _ in range(12):
            self.page.keyboard.press("Tab")
            inside = self.page.evaluate("document.activeElement === modal || document.activeElement === document.body")
            self.assertTrue(inside)
        self.page.keyboard.press("Escape")
        expect(self.modal).not_to_have_attribute("open", re.compile(""))
        self.assertTrue(self.has_focus(self.page.locator("#opener")))

    def test_closing_during_a_push_needs_a_confirmation(self):
        self.show([self.picture()], product_id=7000099)
        self.push_button.click()
        expect(self.sentence).to_contain_text("still processing")
        for ask in [lambda: self.page.keyboard.press("Escape"),
                    lambda: self.modal.locator("[part=header] button").click()]:
            ask()
            expect(self.sentence).to_contain_text("If you close the window, Ozon continues")
            expect(self.modal).to_have_attribute("open", "")
            keep = self.modal.get_by_role("button", name="Keep open")
            self.assertTrue(self.has_focus(keep))
            keep.click()
            expect(self.sentence).to_contain_text("still processing")
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Escape")
        expect(self.modal.get_by_role("dialog")).to_be_visible()
        self.push_button.click()
        expect(self.modal).not_to_have_attribute("open", re.compile(""))
        self.page.evaluate("modal.show()")
        expect(self.sentence).to_have_text("Stopped. Ozon may still apply the push.")
        expect(self.push_button).to_have_text("Push again")
        self.assertEqual([kind for kind, _ in self.told()], ["push"])

    def test_lang_selects_Chinese_or_English(self):
        chinese, english = ("推送图片到 Ozon", "确认推送"), ("Push images to Ozon", "Confirm push")
        for lang, (title, push) in {"zh": chinese, "zh-Hant": chinese, "en-GB": english, "ru": english}.items():
            with self.subTest(lang):
                self.show([self.picture()], lang=lang)
                expect(self.modal.get_by_role("dialog", name=title)).to_be_visible()
                expect(self.push_button).to_have_text(push)
                self.page.evaluate("modal.close()")
        self.page.evaluate("modal.removeAttribute('lang'); document.documentElement.lang = 'zh-CN'; modal.show()")
        expect(self.push_button).to_have_text("确认推送")
        self.page.evaluate("modal.sku = { productId: 7000004 }")
        self.push_button.click()
        expect(self.push_button).to_have_text("推送中...")

    def test_a_modal_that_is_closed_and_shown_at_once_is_open(self):
        self.show([self.picture()])
        self.page.evaluate("modal.close(); modal.show(); null")
        self.page.evaluate("() => new Promise(requestAnimationFrame)")
        expect(self.modal.get_by_role("dialog")).to_be_visible()
        expect(self.modal).to_have_attribute("open", "")

    def test_the_attribute_opens_it_and_properties_set_before_its_definition_are_used(self):
        self.page.evaluate("""async () => {
            const early = new Document().createElementNS("http://www.w3.org/1999/xhtml", "ozon-upload-modal");
            early.images = [{ url: "/ozon-r2/favicon.svg", name: "early" }];
            early.sku = { name: "early", productId: 1 };
            early.setAttribute("open", "");
            modal.remove();
            document.body.append(early);
        }""")
        expect(self.modal.get_by_role("dialog")).to_be_visible()
        self.assertEqual(self.names(), ["early"])
        self.page.evaluate("document.querySelector('ozon-upload-modal').removeAttribute('open')")
        expect(self.modal.get_by_role("dialog")).not_to_be_visible()

    def test_only_the_visible_ones_of_200_images_are_loaded(self):
        images = self.pictures(200)
        loaded = set()
        self.page.on("request", lambda request: loaded.add(request.url))
        self.show(images)
        expect(self.items).to_have_count(200)
        self.until("the first images", lambda: images[0] in loaded)
        self.assertNotIn(images[199], loaded)
        self.items.first.focus()
        self.page.keyboard.press("Shift+End")
        self.assertEqual(self.names()[199], "a.jpg")
        self.until("the last ones", lambda: images[199] in loaded)

    def test_every_control_is_at_least_24_pixels_wide_and_high(self):
        self.page.set_viewport_size({"width": 360, "height": 800})
        self.show(self.pictures(3), product_id=None)
        for element in [*self.modal.get_by_role("button").all(), *self.items.all(), self.modal.get_by_role("textbox")]:
            box = element.bounding_box()
            self.assertGreaterEqual(min(box["width"], box["height"]), 24, element.inner_text())

    def test_nothing_moves_with_reduced_motion(self):
        self.page.emulate_media(reduced_motion="reduce")
        self.show([self.picture()], product_id=7000004)
        self.push_button.click()
        expect(self.status).to_contain_text("still processing")
        running = "modal.shadowRoot.getAnimations().filter((one) => one.playState === 'running').length"
        self.assertEqual(self.page.evaluate(running), 0)
        self.page.emulate_media(reduced_motion="no-preference")
        self.assertGreater(self.page.evaluate(running), 0)

    def test_a_missing_client_is_an_error_event(self):
        self.show([self.picture()])
        self.page.evaluate("modal.client = undefined")
        self.push_button.click()
        self.until("the error", lambda: self.told())
        self.assertEqual(self.told()[0][0], "error")

    def test_an_error_event_does_not_bubble_to_the_window(self):
        self.page.evaluate("window.bubbled = 0; addEventListener('error', () => (window.bubbled += 1))")
        self.show([self.picture()], key="invalid-key")
        self.push_button.click()
        self.until("the error", lambda: "error" in dict(self.told()))
        self.assertEqual(self.page.evaluate("bubbled"), 0)
