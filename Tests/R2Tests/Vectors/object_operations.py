"""Presigned URLs of the seven operations that r2-sign-request signs, by botocore, the reference that the project's own
are compared with byte for byte.

botocore==1.43.11: `pip install botocore==1.43.11`.

Writes JSON lines: first {"endpoint", "host", "bucket", "access_key_id", "secret_access_key"}, all made up, then for
each URL {"seconds", "operation", "key", "upload_id", "part_number", "marker", "content_type", "expires", "url"}, where
null means that it isn't given. Every run writes the same.

botocore doesn't presign the Content-Type of CompleteMultipartUpload, so those URLs are made by its signer alone. All
others come from its S3 client.
"""

import datetime
import json
import sys
from urllib.parse import quote

import botocore
import botocore.auth
import botocore.session
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

PINNED = "1.43.11"
if botocore.__version__ != PINNED:
    sys.exit(f"botocore is {botocore.__version__}, not {PINNED}")

HOST = "0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com"
BUCKET = "pictures-1"
ACCESS_KEY_ID = "0123456789abcdefMADE0UP"
SECRET_ACCESS_KEY = "made/up+secret=0123456789"
TIMES = ["2024-02-29T23:59:59", "2026-11-20T12:00:00", "2026-12-31T00:00:01"]
LIFETIMES = [1, 900, 3600, 604800]
KEYS = ["users/u/a.jpg", "users/u/a b+c=d(e)%25#f?g&h'!*~/фото é [x]{y}@:;,$.bin", "users/🧸/%2F%20"]
UPLOAD_IDS = ["x", "AbC+/=~-_.", "+/=" * 200, "Ы ü&?#%"]

client = botocore.session.Session().create_client(
    "s3", endpoint_url=f"https://{HOST}", region_name="auto", aws_access_key_id=ACCESS_KEY_ID,
    aws_secret_access_key=SECRET_ACCESS_KEY, config=Config(signature_version="s3v4", s3={"addressing_style": "path"}))


def operations():
    """The name in botocore's client, the name in S3, the parameters in addition to bucket and key."""
    yield "put_object", "PutObject", {}
    yield "put_object", "PutObject", {"ContentType": "image/jpeg"}
    yield "create_multipart_upload", "CreateMultipartUpload", {}
    yield "create_multipart_upload", "CreateMultipartUpload", {"ContentType": "image/webp"}
    yield "delete_object", "DeleteObject", {}
    for upload_id in UPLOAD_IDS:
        upload = {"UploadId": upload_id}
        for number in 1, 37, 10_000:
            yield "upload_part", "UploadPart", {"PartNumber": number, **upload}
        yield "list_parts", "ListParts", upload
        for marker in 0, 1000:
            yield "list_parts", "ListParts", {"PartNumberMarker": marker, **upload}
        yield "complete_multipart_upload", "CompleteMultipartUpload", upload
        yield None, "CompleteMultipartUpload", {**upload, "ContentType": "application/xml"}
        yield "abort_multipart_upload", "AbortMultipartUpload", upload


def completion(key, upload_id, content_type, expires):
    url = f"https://{HOST}/{BUCKET}/{quote(key, safe='/~')}?uploadId={quote(upload_id, safe='~')}"
    request = AWSRequest(method="POST", url=url, headers={"content-type": content_type})
    signer = botocore.auth.S3SigV4QueryAuth(
        Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY), "s3", "auto", expires=expires)
    signer.add_auth(request)
    return request.url


print(json.dumps({"endpoint": f"https://{HOST}", "host": HOST, "bucket": BUCKET, "access_key_id": ACCESS_KEY_ID,
                  "secret_access_key": SECRET_ACCESS_KEY}))
for text in TIMES:
    time = datetime.datetime.fromisoformat(text)
    botocore.auth.get_current_datetime = lambda time=time: time
    seconds = int(time.replace(tzinfo=datetime.timezone.utc).timestamp())
    for key in KEYS:
        for index, (method, operation, parameters) in enumerate(operations()):
            expires = LIFETIMES[index % len(LIFETIMES)]
            if method:
                url = client.generate_presigned_url(
                    method, Params={"Bucket": BUCKET, "Key": key, **parameters}, ExpiresIn=expires)
            else:
                url = completion(key, parameters["UploadId"], parameters["ContentType"], expires)
            print(json.dumps({
                "seconds": seconds, "operation": operation, "key": key, "upload_id": parameters.get("UploadId"),
                "part_number": parameters.get("PartNumber"), "marker": parameters.get("PartNumberMarker"),
                "content_type": parameters.get("ContentType"), "expires": expires, "url": url}))
