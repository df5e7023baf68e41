"""ETags of multipart objects, computed by hashlib: writes multipart-etags.json to standard output."""

import hashlib
import json

BODIES = [[b""], [b"a"], [b"a", b"b"], [b"x" * 5242880, b"y" * 5242880, b"z"], [bytes([n % 256]) for n in range(10_000)]]


def vector(bodies):
    digests = [hashlib.md5(body) for body in bodies]
    whole = hashlib.md5(b"".join(digest.digest() for digest in digests)).hexdigest()
    return {"parts": [digest.hexdigest() for digest in digests[:256]], "count": len(bodies), "etag": f"{whole}-{len(bodies)}"}


print(json.dumps([vector(bodies) for bodies in BODIES], indent=1))
