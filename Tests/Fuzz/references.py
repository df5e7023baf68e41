#!/usr/bin/env python3
"""references.py - compares the lines that the fuzz targets `keys` and `urls` record with other implementations: signed
URLs with botocore's, byte for byte, and the hosts of trusted image URLs with those that urllib finds.

    references.py keys|urls <RECORD
"""
import datetime
import json
import sys
import urllib.parse


def presigned(key):
    import botocore.auth
    import botocore.session
    from botocore.config import Config

    if not presigned.client:
        botocore.auth.get_current_datetime = lambda: datetime.datetime(2013, 5, 24)
        presigned.client = botocore.session.get_session().create_client(
            "s3", region_name="auto", endpoint_url="https://account.r2.cloudflarestorage.com",
            aws_access_key_id="0123456789abcdefMADE0UP", aws_secret_access_key="made/up+secret=0123456789",
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}))
    return presigned.client.generate_presigned_url(
        "put_object", Params={"Bucket": "pictures-1", "Key": key}, ExpiresIn=3600)


presigned.client = None


def host(url):
    """urllib's host. It keeps the characters that it doesn't understand, so a wrong one is seen."""
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def fault(line):
    if "key" in line:
        expected = presigned(line["key"])
        return None if expected == line["url"] else f"botocore signs {expected}"
    if "origin" in line and host(line["origin"])[:2] != host(line["url"])[:2]:
        return f"urllib finds {host(line['url'])}"
    if "target" in line:
        joined = urllib.parse.urljoin(line["url"], line["location"])
        # urllib neither escapes spaces nor knows every relative form; only another host would be a fault.
        if host(joined)[1] not in (None, host(line["target"])[1]):
            return f"urllib goes to {joined}"
    return None


lines = [json.loads(line) for line in sys.stdin]
bad = False
for line in lines:
    try:
        reason = fault(line)
    except ValueError as error:
        # What urllib rejects, libcurl or the WHATWG's algorithm has judged.
        reason = None
        print(f"not compared: {error}: {line}", file=sys.stderr)
    if reason:
        bad = True
        print(f"FINDING: {line}: {reason}")
print(f"{sys.argv[1]}: {len(lines)} lines compared", file=sys.stderr)
sys.exit(bad)
