"""Uploads in parts: with the multipart endpoints, and with the operations that r2-sign-request signs."""

import hashlib
import re

from harness import CEPH, StoreTest, send

MEBIBYTE = 1 << 20
SIZE = 11 * MEBIBYTE + 7


def content(size, seed):
    block = bytes(seed ^ number * 31 & 255 for number in range(4096))
    return (block * (size // len(block) + 1))[:size]


def parts_of(body):
    return [body[at:at + 5 * MEBIBYTE] for at in range(0, len(body), 5 * MEBIBYTE)]


def etag_of(bodies):
    """The ETag that R2 gives an object of these parts."""
    digests = b"".join(hashlib.md5(body).digest() for body in bodies)
    return f"{hashlib.md5(digests).hexdigest()}-{len(bodies)}"


class MultipartTests(StoreTest):
    def multipart(self, name, path, **members):
        return self.call(f"r2/multipart/{name}", {"r2_path": path, **members})["data"]

    def complete(self, path, bodies, **members):
        """Completes the upload. Ceph 16's response has an empty ETag, which the endpoint reports as an error."""
        if CEPH > 16:
            done = self.multipart("complete", path, **members)
            self.assertEqual((done["etag"], done["size"]), (etag_of(bodies), sum(map(len, bodies))))
            return
        response = self.post("r2/multipart/complete", {"r2_path": path, **members})
        self.assertEqual(response.status, 502, response.body)
        self.assertEqual(response.json["detail"], "The stored object does not match the completed upload")

    def test_an_interrupted_upload_is_resumed_and_completed(self):
        path, bodies = "users/parts/Фото (1) + 100%.png", parts_of(content(SIZE, 1))
        upload = self.multipart("create", path, size=SIZE, content_type="image/png")
        known = {"upload_id": upload["upload_id"], "size": SIZE}
        self.assertEqual([part["size"] for part in upload["parts"]], [len(body) for body in bodies])
        for number in (1, 3):
            self.put(upload["parts"][number - 1], bodies[number - 1])
        resumed = self.multipart("resume", path, **known)
        self.assertEqual(resumed["upload_id"], upload["upload_id"])
        self.assertEqual([part["part_number"] for part in resumed["uploaded"]], [1, 3])
        self.assertEqual([part["part_number"] for part in resumed["missing"]], [2])
        self.put(resumed["missing"][0], bodies[1])
        self.complete(path, bodies, **known)
        self.expect_stored(upload["public_url"], b"".join(bodies), "image/png", etag_of(bodies))

    def test_parts_are_signed_again_and_a_part_can_be_replaced(self):
        path, bodies = "users/parts/again.png", parts_of(content(SIZE, 2))
        upload = self.multipart("create", path, size=SIZE)
        signed = self.multipart(
            "parts", path, upload_id=upload["upload_id"], size=SIZE, part_size=upload["part_size"],
            part_numbers=[3, 1, 2])["parts"]
        etags = {}
        for part in signed:
            body = bodies[part["part_number"] - 1]
            self.put(part, bytes(len(body)))
            etags[part["part_number"]] = self.put(part, body)
        listed = [{"part_number": number, "etag": etag} for number, etag in etags.items()]
        self.complete(path, bodies, upload_id=upload["upload_id"], size=SIZE, parts=listed)
        self.expect_stored(upload["public_url"], b"".join(bodies), etag=etag_of(bodies))

    def test_an_upload_that_was_aborted_accepts_no_parts_and_resume_starts_another(self):
        path = "users/parts/aborted.png"
        upload = self.multipart("create", path, size=SIZE)
        self.put(upload["parts"][0], content(5 * MEBIBYTE, 3))
        self.multipart("abort", path, upload_id=upload["upload_id"])
        self.multipart("abort", path, upload_id=upload["upload_id"])
        late = send("PUT", upload["parts"][1]["upload_url"], None, content(5 * MEBIBYTE, 3))
        self.assertEqual(late.status, 404, late.body)
        self.expect_absent(upload["public_url"])
        known = {"upload_id": upload["upload_id"], "size": SIZE}
        if CEPH <= 16:  # Its response to ListParts of an unknown upload is NoSuchKey instead of NoSuchUpload.
            response = self.post("r2/multipart/resume", {"r2_path": path, **known})
            self.assertEqual((response.status, response.json["detail"]), (502, "NoSuchKey"))
            return
        resumed = self.multipart("resume", path, **known)
        self.assertTrue(resumed["restarted"])
        self.assertNotEqual(resumed["upload_id"], upload["upload_id"])
        self.assertEqual(resumed["uploaded"], [])
        self.multipart("abort", path, upload_id=resumed["upload_id"])

    def test_a_url_is_refused_for_another_part_or_upload(self):
        path = "users/parts/refused.png"
        upload = self.multipart("create", path, size=SIZE)
        other = self.multipart("create", path, size=SIZE)
        url = upload["parts"][0]["upload_url"]
        for changed in (
                url.replace("partNumber=1", "partNumber=2"), url.replace(upload["upload_id"], other["upload_id"])):
            self.assertNotEqual(changed, url)
            self.expect_refused(send("PUT", changed, None, b"x"), "SignatureDoesNotMatch")
        for started in (upload, other):
            self.assertEqual(
                self.multipart("resume", path, upload_id=started["upload_id"], size=SIZE)["uploaded"], [])
            self.multipart("abort", path, upload_id=started["upload_id"])


class SignedOperationTests(StoreTest):
    def perform(self, method, key, body=None, headers=None, **members):
        signed = self.sign(method, key, **members)
        return send(method, signed["url"], {**signed["headers"], **(headers or {})}, body)

    def element(self, name, response):
        self.assertEqual(response.status, 200, response.body)
        return re.search(f"<{name}>([^<]*)</{name}>", response.body.decode())[1]

    def test_an_upload_in_parts_is_created_listed_completed_and_deleted(self):
        key, bodies = "users/signed/a b+c=d(e)%25#é.png", parts_of(content(SIZE, 4))
        upload = self.element("UploadId", self.perform("POST", key, b"", contentType="image/png"))
        etags = []
        for number, body in enumerate(bodies, 1):
            response = self.perform("PUT", key, body, uploadId=upload, partNumber=number)
            self.assertEqual(response.status, 200, response.body)
            etags.append(response.headers["ETag"])
        for marker, numbers in ((None, ["1", "2", "3"]), (1, ["2", "3"])):
            more = {} if marker is None else {"partNumberMarker": marker}
            listed = self.perform("GET", key, uploadId=upload, **more)
            self.assertEqual(re.findall("<PartNumber>([0-9]+)</PartNumber>", listed.body.decode()), numbers)
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
            for number, etag in enumerate(etags, 1))
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        done = self.perform("POST", key, body, uploadId=upload, contentType="application/xml")
        etag = self.element("ETag", done).replace("&quot;", "").strip('"')
        self.assertEqual(etag, etag_of(bodies) if CEPH > 16 else "")
        public = self.presign(key)["public_url"]
        self.expect_stored(public, b"".join(bodies), "image/png", etag_of(bodies))
        self.assertEqual(self.perform("DELETE", key).status, 204)
        self.expect_absent(public)

    def test_an_object_is_stored_with_the_type_that_was_signed_and_an_upload_aborted(self):
        key = "users/signed/one.jpg"
        signed = self.sign("PUT", key, contentType="image/jpeg")
        self.expect_refused(send("PUT", signed["url"], {"content-type": "text/html"}, b"x"), "SignatureDoesNotMatch")
        self.assertEqual(send("PUT", signed["url"], signed["headers"], b"one").status, 200)
        self.expect_stored(self.presign(key)["public_url"], b"one", "image/jpeg")
        upload = self.element("UploadId", self.perform("POST", key, b""))
        self.assertEqual(self.perform("DELETE", key, uploadId=upload).status, 204)
        self.assertEqual(self.perform("GET", key, uploadId=upload).status, 404)
