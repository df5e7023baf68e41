"""The requests that r2-sign-request signs, sent to the bucket by Chromium, which checks CORS. The examples for Uppy
themselves are run by Tests/Client/uppy.test.mjs."""
import os

from harness import BrowserTest

# As Uppy does: XMLHttpRequest, its own Content-Type unless the response has one, the response's ETag.
OPERATION = """(async ([request, type, text]) => {
    const init = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(request) };
    const signed = await (await fetch("/api/v1/r2/sign-request", init)).json();
    if (!signed.url) return { code: signed.code };
    const { url, headers } = signed;
    const xhr = new XMLHttpRequest();
    await new Promise((resolve, reject) => {
        xhr.open(request.method, url);
        const all = type && !headers["content-type"] ? { "Content-Type": type, ...headers } : headers;
        for (const [name, value] of Object.entries(all)) xhr.setRequestHeader(name, value);
        xhr.onload = resolve;
        xhr.onerror = () => reject(new Error("NETWORK"));
        xhr.send(text);
    });
    return { status: xhr.status, text: xhr.responseText, etag: xhr.getResponseHeader("ETag") };
})(given)"""


class Requests(BrowserTest):
    def operation(self, method, key, content_type=None, text=None, **fields):
        return self.call(OPERATION, [{"method": method, "key": key, **fields}, content_type, text])

    def public(self, key):
        return self.sandbox.get(f"{self.sandbox.session_url}/public/{key}")

    def test_an_object_is_stored_with_the_signed_type_in_place_of_the_browsers(self):
        key = f"users/{self.user}/a.jpg"
        stored = self.operation("PUT", key, "text/plain", "picture", contentType="image/jpeg")
        self.assertEqual(stored["status"], 200, stored)
        self.assertTrue(stored["etag"])
        response = self.public(key)
        self.assertEqual((response.body, response.headers["Content-Type"]), (b"picture", "image/jpeg"))

    def test_an_upload_in_parts_is_created_listed_and_completed(self):
        key, parts = f"users/{self.user}/big.webp", [os.urandom(3 << 20).hex()[:5 << 20], "rest"]
        created = self.operation("POST", key, "image/webp", contentType="image/webp")
        self.assertEqual(created["status"], 200, created)
        upload = created["text"].split("<UploadId>")[1].split("<")[0]
        listed = ""
        for number, text in enumerate(parts, 1):
            stored = self.operation("PUT", key, None, text, uploadId=upload, partNumber=number)
            self.assertEqual(stored["status"], 200, stored)
            listed += f"<Part><PartNumber>{number}</PartNumber><ETag>{stored['etag']}</ETag></Part>"
        self.assertEqual(self.operation("GET", key, uploadId=upload)["text"].count("<PartNumber>"), 2)
        completed = self.operation("POST", key, "application/xml",
                                   f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>", uploadId=upload)
        self.assertIn("<Location>", completed["text"])
        response = self.public(key)
        self.assertEqual((response.body, response.headers["Content-Type"]), ("".join(parts).encode(), "image/webp"))

    def test_an_upload_is_aborted_and_the_error_of_the_next_request_can_be_read(self):
        key = f"users/{self.user}/gone.jpg"
        upload = self.operation("POST", key)["text"].split("<UploadId>")[1].split("<")[0]
        self.assertEqual(self.operation("DELETE", key, uploadId=upload)["status"], 204)
        listed = self.operation("GET", key, uploadId=upload)
        self.assertEqual(listed["status"], 404)
        self.assertIn("NoSuchUpload", listed["text"])

    def test_a_session_can_only_sign_under_the_prefix_of_its_user_and_no_deletion(self):
        for method in "PUT", "POST", "DELETE":
            self.assertEqual(self.operation(method, f"users/{self.user}-not/a.jpg"), {"code": "PATH_NOT_ALLOWED"})
        self.assertEqual(self.operation("DELETE", f"users/{self.user}/a.jpg"), {"code": "OPERATION_NOT_ALLOWED"})
