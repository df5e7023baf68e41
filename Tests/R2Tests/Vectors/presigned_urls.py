"""Presigned PUT URLs, or with the argument `headers` PUT requests signed in a header, by botocore, the reference that the project's own are compared with byte for byte.

botocore==1.43.11: `pip install botocore==1.43.11`.

Writes JSON lines: first {"endpoint", "host", "bucket", "access_key_id", "secret_access_key"}, all made up, then for each
URL {"seconds", "key", "headers": [[name, value]], "expires", "url"}, or for each request {"seconds", "key",
"headers", "url", "signed": {name: value}}. The keys are drawn with a fixed seed, the clock is
stopped: two runs write the same.
"""

import datetime
import json
import random
import sys
import unicodedata
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
TIMES = ["2013-05-24T00:00:00", "2024-02-29T23:59:59", "2026-11-20T12:00:00", "2026-12-31T00:00:01"]
OPTIONS = [
    {},
    {"ContentType": "image/jpeg"},
    {"ContentLength": 48211},
    {"IfNoneMatch": "*"},
    {"ContentType": "image/webp", "ContentLength": 1, "IfNoneMatch": "*"},
]
HEADERS = {"ContentType": "content-type", "ContentLength": "content-length", "IfNoneMatch": "if-none-match"}
PIECES = list(" !\"#$%&'()*+,-.:;<=>?@[]^_`{|}~abcXYZ019") + [
    "фото", "Ёж", "图片", "日本", "🧸", "👩‍👩‍👧", "é", "ñ", "ȩ̇", "q\u0323\u0307", "%2F", "%20", "..x", "x..", "e\u0301",
]


def keys():
    """Every printable ASCII mark by itself, then mixtures; none has an empty, `.` or `..` segment."""
    for code in range(0x20, 0x7F):
        if chr(code) not in "/\\":
            yield f"users/u/a{chr(code)}b.jpg"
            yield f"users/{chr(code)}{chr(code)}{chr(code)}"
    draw = random.Random(20130524)
    for _ in range(250):
        segments = ["".join(draw.choices(PIECES, k=draw.randint(1, 8))) for _ in range(draw.randint(1, 4))]
        yield "users/" + "/".join("_" if segment in (".", "..") else segment for segment in segments)


def write(line):
    print(json.dumps(line))


def instants():
    """Each key with a time, at which botocore's clock is stopped."""
    for number, key in enumerate(keys()):
        time = datetime.datetime.fromisoformat(TIMES[number % len(TIMES)])
        botocore.auth.get_current_datetime = lambda time=time: time
        seconds = int(time.replace(tzinfo=datetime.timezone.utc).timestamp())
        yield number, unicodedata.normalize("NFC", key), seconds


def told(option):
    return [[HEADERS[name], str(value)] for name, value in option.items()]


def urls():
    client = botocore.session.Session().create_client(
        "s3", endpoint_url=f"https://{HOST}", region_name="auto", aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}))
    for number, key, seconds in instants():
        for option in OPTIONS:
            expires = [1, 3600, 604800][number % 3]
            url = client.generate_presigned_url(
                "put_object", Params={"Bucket": BUCKET, "Key": key, **option}, ExpiresIn=expires)
            write({"seconds": seconds, "key": key, "headers": told(option), "expires": expires, "url": url})


def requests():
    """As the S3 client signs what it sends, payload unsigned."""
    signer = botocore.auth.S3SigV4Auth(Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY), "s3", "auto")
    for number, key, seconds in instants():
        for option in OPTIONS:
            url = f"https://{HOST}/{BUCKET}/{quote(key, safe='/~')}"
            request = AWSRequest(method="PUT", url=url, headers=dict(told(option)))
            request.context["client_config"] = Config(s3={"payload_signing_enabled": False})
            signer.add_auth(request)
            signed = {name.lower(): value for name, value in request.headers.items()}
            write({"seconds": seconds, "key": key, "headers": told(option), "url": url, "signed": signed})


write({"endpoint": f"https://{HOST}", "host": HOST, "bucket": BUCKET, "access_key_id": ACCESS_KEY_ID,
       "secret_access_key": SECRET_ACCESS_KEY})
requests() if sys.argv[1:] == ["headers"] else urls()
