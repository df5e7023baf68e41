"""Verifies a presigned URL by computing SigV4 from the URL.

Shares no code with the signers. The URLs of the peer that uses botocore are verified too, so that every run compares
this implementation with AWS's own.
"""
import calendar
import hashlib
import hmac
import time
from urllib.parse import parse_qsl, quote, unquote, urlsplit


def faults(url, key, settings):
    """Lists the faults of `url`, which must be signed for a PUT of `key` with `settings` within the last 10 s."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True))
    signature = query.pop("X-Amz-Signature", "")
    stamp = query.get("X-Amz-Date", "")
    scope = f"{stamp[:8]}/auto/s3/aws4_request"
    path = f"/{settings['R2_BUCKET_NAME']}/{key}"
    expected = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{settings['R2_ACCESS_KEY_ID']}/{scope}",
        "X-Amz-Expires": "3600",
        "X-Amz-SignedHeaders": "host",
    }
    found = []
    if f"{parts.scheme}://{parts.netloc}" != settings["R2_ENDPOINT_URL"]:
        found.append(f"endpoint {parts.scheme}://{parts.netloc}")
    if unquote(parts.path) != path:
        found.append(f"path {unquote(parts.path)}")
    found += [f"{name} is {query.get(name)}" for name, value in expected.items() if query.get(name) != value]
    try:
        age = time.time() - calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
        if abs(age) > 10:
            found.append(f"X-Amz-Date is {age:.0f} s old")
    except ValueError:
        found.append(f"X-Amz-Date is {stamp!r}")

    def encoded(text):
        return quote(text, safe="-._~")

    canonical_query = "&".join(f"{encoded(n)}={encoded(v)}" for n, v in sorted(query.items()))
    canonical = "\n".join(("PUT", quote(path, safe="/-._~"), canonical_query, f"host:{parts.netloc}", "", "host",
                           "UNSIGNED-PAYLOAD"))
    to_sign = "\n".join(("AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    signing = ("AWS4" + settings["R2_SECRET_ACCESS_KEY"]).encode()
    for step in scope.split("/"):
        signing = hmac.digest(signing, step.encode(), "sha256")
    if signature != hmac.digest(signing, to_sign.encode(), "sha256").hex():
        found.append("the signature is wrong")
    return found
