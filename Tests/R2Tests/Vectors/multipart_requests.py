"""The requests of uploads in parts, signed by botocore: presigned URLs of upload_part, and the requests that carry their
signature in a header (create, list, complete, abort, HEAD), unsigned payload. Compared byte for byte with the project's own.

botocore==1.43.11: `pip install botocore==1.43.11`.

Writes JSON lines: first {"endpoint", "host", "bucket", "access_key_id", "secret_access_key"}, all made up, then
{"seconds", "key", "method", "parameters": [[name, value]], "headers": [[name, value]], "expires", "url", "authorization"}:
"expires" is 0 and "authorization" the header's value for requests with a header, "" for presigned URLs. Every run writes the same.
"""

import datetime
import json
import random
import sys
import urllib.parse

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
KEYS = ["users/u/a.bin", "users/u/a b+c=d(e)%25#f?g&h'!*~/фото é [x]{y}@:;,$.bin", "users/🧸/%2F%20"]
CONFIG = Config(signature_version="s3v4", s3={"addressing_style": "path", "payload_signing_enabled": False})


def upload_ids():
    """Short, base64 with all its marks, and 500 characters of them."""
    draw = random.Random(20261120)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
    yield "x"
    yield "AbC+/=~-_."
    yield "+/=" * 100
    yield "".join(draw.choices(letters, k=344))
    yield "".join(draw.choices(letters, k=500))


def requests(upload_id):
    """Method, parameters, headers."""
    identified = [["uploadId", upload_id]]
    yield "POST", [["uploads", ""]], []
    yield "POST", [["uploads", ""]], [["content-type", "image/jpeg"]]
    yield "GET", [["part-number-marker", "0"], *identified], []
    yield "GET", [*identified, ["part-number-marker", "1000"]], []
    yield "POST", identified, [["content-type", "application/xml"]]
    yield "DELETE", identified, []
    yield "HEAD", [], []


def encoded(text, safe=""):
    return urllib.parse.quote(text, safe=f"-_.~{safe}")


def signed(method, key, parameters, headers):
    query = "&".join(sorted(f"{encoded(name)}={encoded(value)}" for name, value in parameters))
    url = f"https://{HOST}/{BUCKET}/{encoded(key, '/')}" + (f"?{query}" if query else "")
    request = AWSRequest(method=method, url=url, headers=dict(headers))
    request.context["client_config"] = CONFIG
    botocore.auth.S3SigV4Auth(Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY), "s3", "auto").add_auth(request)
    assert request.headers["X-Amz-Content-SHA256"] == "UNSIGNED-PAYLOAD"
    return url, request.headers["Authorization"]


def main():
    client = botocore.session.Session().create_client(
        "s3", endpoint_url=f"https://{HOST}", region_name="auto", aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY, config=CONFIG)
    print(json.dumps({"endpoint": f"https://{HOST}", "host": HOST, "bucket": BUCKET, "access_key_id": ACCESS_KEY_ID,
                      "secret_access_key": SECRET_ACCESS_KEY}))
    for text in TIMES:
        time = datetime.datetime.fromisoformat(text)
        botocore.auth.get_current_datetime = lambda time=time: time
        seconds = int(time.replace(tzinfo=datetime.timezone.utc).timestamp())
        for key in KEYS:
            for upload_id in upload_ids():
                for number in 1, 37, 10_000:
                    url = client.generate_presigned_url(
                        "upload_part", ExpiresIn=3600,
                        Params={"Bucket": BUCKET, "Key": key, "PartNumber": number, "UploadId": upload_id})
                    print(json.dumps({
                        "seconds": seconds, "key": key, "method": "PUT", "headers": [], "expires": 3600, "url": url,
                        "parameters": [["partNumber", str(number)], ["uploadId", upload_id]], "authorization": ""}))
                for method, parameters, headers in requests(upload_id):
                    url, authorization = signed(method, key, parameters, headers)
                    print(json.dumps({
                        "seconds": seconds, "key": key, "method": method, "headers": headers, "expires": 0, "url": url,
                        "parameters": parameters, "authorization": authorization}))


main()
