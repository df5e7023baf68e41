"""Writes the addresses of Cloudflare's proxies for nginx, so that limits count the address of the caller."""

import ipaddress
import json

from checks import send
from installation import routes
from installation.files import write_all
from installation.processes import Failure
from settings import INSTALLED

URL = "https://api.cloudflare.com/client/v4/ips"
HEADER = "real_ip_header CF-Connecting-IP;"
KINDS = (ipaddress.IPv4Network, ipaddress.IPv6Network)
# nginx believes a header from these addresses. A list with more is wrong: Cloudflare has 22 ranges, with 1.5 million
# addresses of IPv4 and as many of IPv6 as a /28.
MOST_RANGES, MOST_IPV4, MOST_IPV6 = 200, 1 << 23, 1 << 104


def ranges(body: bytes) -> list[str]:
    """The ranges of IPv4 and IPv6. Raises ValueError if the list is not plausible as a whole."""
    try:
        result = json.loads(body)["result"]
        lists = [[str(each) for each in result[name]] for name in ("ipv4_cidrs", "ipv6_cidrs")]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise ValueError("it has no lists of ranges") from None
    networks = []
    for name, texts, kind, most in zip(("IPv4", "IPv6"), lists, KINDS, (MOST_IPV4, MOST_IPV6)):
        if not 0 < len(texts) <= MOST_RANGES:
            raise ValueError(f"it has {len(texts)} ranges of {name}")
        try:
            found = [kind(each) for each in texts]
        except ValueError:
            raise ValueError(f"it has an entry that is no range of {name}") from None
        if sum(network.num_addresses for network in found) > most:
            raise ValueError(f"it has too many addresses of {name}")
        if not all(network.is_global for network in found):
            raise ValueError(f"it has a range of {name} that is not public")
        networks += found
    return [str(network) for network in networks]


def update() -> None:
    path = INSTALLED / "proxies"
    before = path.read_text() if path.exists() else None
    if before is not None and HEADER not in before:
        raise Failure(f"{path} has lines for another proxy; nothing has been changed")
    response = send("GET", URL, {"User-Agent": "ozon-r2"})
    try:
        if response.status != 200:
            raise ValueError(response.error or f"HTTP {response.status}")
        lines = [f"set_real_ip_from {each};" for each in ranges(response.body)]
    except ValueError as error:
        raise Failure(f"{URL}: {error}; nothing has been changed") from None
    text = "\n".join([HEADER, *lines, ""])
    if text != before:
        write_all({path: (text, 0o644)})
    try:
        routes.reload_if_changed("proxies", [path])
    except Failure as failure:
        if before is None:
            path.unlink()
        else:
            write_all({path: (before, 0o644)})
        raise Failure(f"{failure}; {path} is as it was") from None
