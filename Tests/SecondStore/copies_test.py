"""Copies that ozon-download makes from the CDN stand-in to the store."""

from harness import StoreTest, send

CREDENTIAL = {"client_id": "90001", "api_key": "any"}
ARTICLES = ["2194435300", "2194435301", "SAME-NAMES", "FORMATS", "BIG-20"]
USER = "Фото + (100%) é"


class CopyTests(StoreTest):
    def download(self, **members):
        request = {"credential": CREDENTIAL, "articles": ARTICLES, "user_id": USER, **members}
        return self.call("ozon/download", request)["data"]

    def test_the_images_of_articles_are_copied_byte_for_byte_and_skipped_when_they_exist(self):
        originals = self.download(download_images=False)
        copies = self.download()
        self.assertGreater(originals["total_images"], len(ARTICLES))
        self.assertEqual(copies["success_images"], originals["total_images"], copies)
        stored = {}
        for original, copied in zip(originals["items"], copies["items"]):
            for source, url in zip(original["urls"], copied["urls"], strict=True):
                image = send("GET", source)
                self.assertEqual(image.status, 200)
                self.expect_stored(url, image.body, image.headers["Content-Type"])
                stored[url] = send("HEAD", url).headers["Last-Modified"]
        again = self.download(existing="skip")
        self.assertEqual([item["urls"] for item in again["items"]], [item["urls"] for item in copies["items"]])
        self.assertEqual({url: send("HEAD", url).headers["Last-Modified"] for url in stored}, stored)

    def test_browser_uploads_of_the_same_images_are_signed_in_one_call(self):
        items = self.download(download_images=False, presign=True)["items"]
        uploads = [upload for item in items for upload in item["uploads"]]
        self.assertGreater(len(uploads), len(ARTICLES))
        for upload in uploads:
            image = send("GET", upload["url"])
            self.put(upload, image.body)
            self.expect_stored(upload["public_url"], image.body)
