"""ozon-r2 cloudflare, with an HTTP server that gives hostile answers, and nginx itself, which tests the list."""

import http.server
import json
import sys
import threading
import unittest.mock

from harness import DEPLOY, CommandTest

sys.path.insert(0, str(DEPLOY))

from installation import cloudflare, processes, routes  # noqa: E402

IPV4 = ["173.245.48.0/20", "104.16.0.0/13", "172.64.0.0/13"]
IPV6 = ["2400:cb00::/32", "2a06:98c0::/29"]


def body(ipv4=IPV4, ipv6=IPV6):
    return json.dumps({"success": True, "result": {"ipv4_cidrs": ipv4, "ipv6_cidrs": ipv6}}).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status, content, missing = self.server.response
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(content) + missing))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class CloudflareTests(CommandTest):
    def setUp(self):
        super().setUp()
        self.etc = self.scratch / "etc"
        self.etc.mkdir()
        self.list, self.reloads = self.etc / "proxies", self.scratch / "reloads"
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        configuration = self.scratch / "nginx.conf"
        configuration.write_text(
            f"pid {self.scratch}/pid; events {{}} http {{ access_log off; include {self.etc}/proxie[s]; }}")
        real = f"PATH={processes.PATH} nginx -e stderr"
        self.program("nginx", f'exec env {real} -c {configuration} "$@"')
        self.program("systemctl", f'echo "$*" >>{self.reloads}')
        for target, attribute, value in [
            (cloudflare, "URL", f"http://127.0.0.1:{self.server.server_port}/"), (cloudflare, "INSTALLED", self.etc),
            (processes, "PATH", f"{self.scratch}/bin:{processes.PATH}"), (routes, "STATE", self.scratch / "state"),
        ]:  # fmt: skip
            self.enterContext(unittest.mock.patch.object(target, attribute, value))

    def update(self, content, status=200, missing=0):
        self.server.response = (status, content, missing)
        cloudflare.update()

    def test_the_ranges_of_both_kinds_are_written_and_nginx_is_reloaded_only_after_a_change(self):
        self.update(body())
        lines = ["real_ip_header CF-Connecting-IP;", *(f"set_real_ip_from {each};" for each in IPV4 + IPV6)]
        self.assertEqual(self.list.read_text().splitlines(), lines)
        self.assertIn("reload nginx.service", self.reloads.read_text())
        self.reloads.unlink()
        self.update(body())
        self.assertFalse(self.reloads.exists())
        self.update(body(ipv4=IPV4[:2]))
        self.assertEqual(len(self.list.read_text().splitlines()), 5)
        self.assertIn("reload nginx.service", self.reloads.read_text())

    def test_a_list_that_is_not_plausible_leaves_the_old_one(self):
        html = b"<!DOCTYPE html>\n<html>\n0.0.0.0/0\ndead/beef\n</html>\n"
        large = b"1.1.1.1/32\n" * 1_000_000
        hostile = {
            "HTML": (html,), "nothing": (b"",), "half": (body()[: len(body()) // 2],), "10 MB": (large,),
            "10 MB of JSON": (body([f"{20 + (n >> 16)}.{n >> 8 & 255}.{n & 255}.1/32" for n in range(600_000)]),),
            "less than its length": (body()[:50], 200, 70),
            "IPv6 only": (body(ipv4=[]),), "IPv4 only": (body(ipv6=[]),),
            "everybody": (body([*IPV4, "0.0.0.0/0"]),), "everybody in IPv6": (body(ipv6=["::/0"]),),
            "everybody in two halves": (body(["0.0.0.0/1", "128.0.0.0/1"]),),
            "everybody in many parts": (body([f"{n}.0.0.0/8" for n in range(1, 224)]),),
            "IPv6 in many parts": (body(ipv6=[f"{n:x}00::/8" for n in range(0x20, 0x40)]),),
            "private": (body([*IPV4, "10.0.0.0/8"]),), "loopback": (body([*IPV4, "127.0.0.1/32"]),),
            "a name": (body(["localhost"]),), "a socket": (body(["unix:"]),), "host bits": (body(["104.16.0.1/13"]),),
            "a directive": (body([*IPV4, "1.1.1.0/24; real_ip_header X-Forwarded-For"]),),
            "a newline": (body([*IPV4, "1.1.1.0/24\n"]),), "kinds exchanged": (body(IPV6, IPV4),),
            "numbers": (body([1, 2]),), "a text": (body("104.16.0.0/13"),), "null": (body(None),),
            "no result": (b'{"success": false, "result": null}',), "a list": (b"[]",), "deep": (b"[" * 100_000,),
            "an error": (body(), 500), "a redirect": (body(), 302), "not found": (body(), 404),
        }  # fmt: skip
        for before in (None, "real_ip_header CF-Connecting-IP;\nset_real_ip_from 104.16.0.0/13;\n"):
            if before:
                self.list.write_text(before)
            for name, response in hostile.items():
                with self.subTest(name):
                    with self.assertRaisesRegex(processes.Failure, "nothing has been changed$") as raised:
                        self.update(*response)
                    self.assertLess(len(str(raised.exception)), 200)
                self.assertEqual(self.list.read_text() if self.list.exists() else None, before, name)
        self.assertFalse(self.reloads.exists())

    def test_a_list_that_nginx_rejects_is_taken_back(self):
        for before in (None, "real_ip_header CF-Connecting-IP;\n"):
            if before:
                self.list.write_text(before)
            with unittest.mock.patch.object(cloudflare, "HEADER", "real_ip_header"), \
                    self.assertRaisesRegex(processes.Failure, "nginx rejects its configuration"):  # fmt: skip
                self.update(body())
            self.assertEqual(self.list.read_text() if self.list.exists() else None, before)
        self.assertEqual([each.name for each in self.etc.iterdir()], ["proxies"])

    def test_a_list_that_nginx_is_not_reloaded_with_is_taken_back(self):
        for before in (None, "real_ip_header CF-Connecting-IP;\n"):
            if before:
                self.list.write_text(before)
            self.program("systemctl", 'case "$*" in *reload*) exit 1 ;; esac')
            with self.assertRaisesRegex(processes.Failure, "^nginx is not reloaded: .* is as it was$"):
                self.update(body())
            self.assertEqual(self.list.read_text() if self.list.exists() else None, before)

    def test_after_an_interruption_before_the_reload_the_next_run_reloads_nginx(self):
        with unittest.mock.patch.object(routes, "reload_nginx", side_effect=KeyboardInterrupt), \
                self.assertRaises(KeyboardInterrupt):  # fmt: skip
            self.update(body())
        self.update(body())
        self.assertIn("reload nginx.service", self.reloads.read_text())

    def test_lines_for_another_proxy_are_not_replaced(self):
        self.list.write_text("set_real_ip_from 10.0.0.10;\nreal_ip_header X-Forwarded-For;\n")
        with self.assertRaisesRegex(processes.Failure, "has lines for another proxy; nothing has been changed"):
            self.update(body())

    def test_no_answer_at_all_leaves_the_old_list(self):
        self.server.shutdown()
        self.server.server_close()
        with self.assertRaisesRegex(processes.Failure, "Connection refused; nothing has been changed"):
            self.update(body())
        self.assertFalse(self.list.exists())
