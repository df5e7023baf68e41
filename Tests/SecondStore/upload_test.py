"""Presigned uploads of one object: options, odd keys, and what the store must refuse."""

import re

from harness import SETTINGS, StoreTest, send

ODD_KEYS = (
    "a b.jpg", "a+b.jpg", "a=b&c=d.jpg", "(1) [2] {3}.jpg", "100%.jpg", "%2F%25.jpg", "a#b?c.jpg", "!*'~$@,;:|^`.jpg",
    '"quoted" <tag>.jpg', "Фото товара.jpg", "照片.jpg", "picture \U0001f600.jpg", "é.jpg", "a/b/.c/d..e.jpg",
    "x" * 1003 + ".jpg",
)  # fmt: skip


def another_digit(match):
    return match[1] + ("0" if match[2] != "0" else "1")


class UploadTests(StoreTest):
    def test_an_object_is_stored_with_every_option_alone_and_with_all_of_them(self):
        body = b"twelve bytes"
        options = (
            {}, {"content_type": "image/png"}, {"content_length": len(body)}, {"if_none_match": "*"},
            {"expires_in": 604_800},
        )  # fmt: skip
        together = {name: value for option in options for name, value in option.items()}
        for number, option in enumerate((*options, together)):
            with self.subTest(option=option):
                signed = self.presign(f"users/options/{number}.png", **option)
                self.assertEqual(signed["method"], "PUT")
                self.put(signed, body)
                self.expect_stored(signed["public_url"], body, option.get("content_type"))

    def test_an_object_is_replaced_unless_if_none_match_is_signed(self):
        path = "users/options/twice.png"
        signed = self.presign(path)
        self.put(signed, b"first")
        self.put(signed, b"second")
        kept = self.presign(path, if_none_match="*")
        self.assertEqual(send("PUT", kept["upload_url"], kept["headers"], b"third").status, 412)
        self.expect_stored(signed["public_url"], b"second")

    def test_objects_with_odd_keys_are_stored_and_public_under_their_own_names(self):
        for number, name in enumerate(ODD_KEYS):
            with self.subTest(name=name):
                body = f"object {number}".encode()
                signed = self.presign(f"users/odd/{name}", content_type="image/jpeg")
                self.put(signed, body)
                self.expect_stored(signed["public_url"], body, "image/jpeg")
        items = [{"r2_path": f"users/odd/many/{name}"} for name in ODD_KEYS if len(name) < 1000]
        many = self.call("r2/presigned-urls", {"items": items})["data"]["items"]
        for number, signed in enumerate(many):
            with self.subTest(path=signed["r2_path"]):
                self.put(signed, f"one of many, {number}".encode())
        for number, signed in enumerate(many):
            self.expect_stored(signed["public_url"], f"one of many, {number}".encode())

    def test_a_request_that_differs_from_what_was_signed_is_refused(self):
        options = {"content_type": "image/png", "content_length": 3, "if_none_match": "*"}
        signed = self.presign("users/refused/a.png", **options)
        url, headers = signed["upload_url"], signed["headers"]
        changes = {
            "another signature": (re.sub("(Signature=)(.)", another_digit, url), headers, b"abc"),
            "another key": (url.replace("/a.png?", "/b.png?"), headers, b"abc"),
            "a longer expiry": (url.replace("X-Amz-Expires=3600", "X-Amz-Expires=7200"), headers, b"abc"),
            "another second": (re.sub(r"(X-Amz-Date=\d{8}T\d{5})(\d)", another_digit, url), headers, b"abc"),
            "another type": (url, {**headers, "content-type": "text/html"}, b"abc"),
            "no type": (url, {name: headers[name] for name in headers if name != "content-type"}, b"abc"),
            "no If-None-Match": (url, {name: headers[name] for name in headers if name != "if-none-match"}, b"abc"),
            "another length": (url, headers, b"abcd"),
        }
        for what, (changed, sent, body) in changes.items():
            with self.subTest(what=what):
                self.assertNotEqual((changed, sent, body), (url, headers, b"abc"))
                self.expect_refused(send("PUT", changed, sent, body), "SignatureDoesNotMatch")
        self.expect_refused(send("DELETE", url, headers), "SignatureDoesNotMatch")
        self.expect_absent(signed["public_url"])
        self.put(signed, b"abc")

    def test_an_expired_url_is_refused(self):
        signed = self.presign("users/refused/expired.png", expires_in=3)
        self.put(signed, b"in time")
        put = lambda: send("PUT", signed["upload_url"], None, b"in time")
        self.eventually("the URL has expired", lambda: put().status != 200)
        self.expect_refused(put(), "AccessDenied")

    def test_a_url_that_was_signed_with_another_secret_or_for_another_user_is_refused(self):
        path = "users/refused/secret.png"
        self.assertEqual(send("PUT", self.presign_with(path), None, b"right").status, 200)
        wrong = SETTINGS["R2_SECRET_ACCESS_KEY"][::-1]
        url = self.presign_with(path, R2_SECRET_ACCESS_KEY=wrong)
        self.expect_refused(send("PUT", url, None, b"wrong"), "SignatureDoesNotMatch")
        url = self.presign_with(path, R2_ACCESS_KEY_ID="nobody")
        self.expect_refused(send("PUT", url, None, b"wrong"), "InvalidAccessKeyId")
        self.expect_stored(self.presign(path)["public_url"], b"right")
