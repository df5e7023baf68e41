"""nginx's snippets in a site whose server-wide directives concern all of its locations."""

import http.client
import json
import os
import shutil
import socket
import subprocess

from harness import REPOSITORY, CommandTest

SITE = """
daemon off;
pid {dir}/nginx.pid;
error_log {dir}/error.log;
{user}
events {{}}
http {{
    access_log off;
    {paths}
    proxy_cache_path {dir}/tmp/cache keys_zone=site:1m;
    fastcgi_cache_path {dir}/tmp/answers keys_zone=answers:1m;
    proxy_cache site;
    proxy_cache_key $uri;
    proxy_cache_valid any 1m;
    fastcgi_cache answers;
    fastcgi_cache_key $uri;
    fastcgi_cache_valid any 1m;
    expires max;
    {http}
    include ozon-r2/http.conf;

    server {{
        listen unix:{dir}/site.sock;
        add_header X-Site yes always;
        error_page 404 =200 /index.html;
        location / {{ return 200 "the site's page"; }}
        location ~* \\.(js|css|svg)$ {{ return 410; }}
        include ozon-r2/routes.conf;
        include ozon-r2/session-check.conf;
    }}
    server {{
        listen unix:{dir}/application.sock;
        location / {{
            add_header X-Session-User $cookie_user;
            return 204;
        }}
    }}
}}
"""
TEMPORARY = "".join(f"{kind}_temp_path {{dir}}/tmp/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
SECURITY = "max-age=63072000"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("site.example", timeout=30)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class SiteTests(CommandTest):
    def setUp(self):
        super().setUp()
        self.etc = self.scratch / "etc"
        self.etc.mkdir()
        (self.etc / "headers").write_text(f'add_header Strict-Transport-Security "{SECURITY}" always;\n')
        (self.etc / "monitoring").write_text("allow unix:;\n")
        (self.etc / "session-check").write_text(f"proxy_pass http://unix:{self.scratch}/application.sock:/session;\n")
        own = self.scratch / "ozon-r2"
        shutil.copytree(REPOSITORY / "nginx", own)
        for file in own.glob("*.conf"):
            text = file.read_text()
            for old, new in [
                ("/etc/ozon-r2/", f"{self.etc}/"), ("/usr/share/ozon-r2/", f"{own}/"),
                ("listen 127.0.0.1:9180", f"listen unix:{self.scratch}/status.sock"),
            ]:  # fmt: skip
                text = text.replace(old, new)
            file.write_text(text)

    def nginx(self, *arguments, http_lines=""):
        user = "user root;" if os.geteuid() == 0 else ""
        paths = f"client_body_temp_path {self.scratch}/tmp/body;" + TEMPORARY.format(dir=self.scratch)
        file = self.scratch / "nginx.conf"
        file.write_text(SITE.format(dir=self.scratch, user=user, paths=paths, http=http_lines))
        return ["nginx", "-e", self.scratch / "error.log", "-p", self.scratch, "-c", file, *arguments]

    def start(self):
        process = self.enterContext(self.started(*self.nginx()))
        self.eventually("nginx listens", lambda: self.listens() or process.poll() is not None)
        self.assertIsNone(process.poll(), (self.scratch / "error.log").read_text())

    def listens(self):
        try:
            return self.call("/").status == 200
        except OSError:
            return False

    def call(self, path, method="GET", server="site", **headers):
        connection = UnixConnection(self.scratch / f"{server}.sock")
        try:
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            response.text = response.read().decode()
            return response
        finally:
            connection.close()

    def expect_error(self, response, status, code):
        self.assertEqual((response.status, response.getheader("Content-Type")), (status, "application/json"))
        self.assertEqual(json.loads(response.text)["code"], code)
        self.expect_headers(response, "no-store")

    def expect_headers(self, response, cache_control):
        self.assertEqual(response.headers.get_all("Cache-Control"), [cache_control])
        self.assertIsNone(response.getheader("Expires"))
        self.assertIsNone(response.getheader("X-Site"))
        self.assertEqual(response.headers.get_all("Strict-Transport-Security"), [SECURITY])

    def test_a_site_that_caches_its_applications_gives_no_session_to_another_user(self):
        self.start()
        for user in ("mia", "leo"):
            response = self.call("/ozon-r2/session", Cookie=f"user={user}")
            self.assertEqual((response.status, response.getheader("X-Session-User")), (204, user))
            self.expect_headers(response, "no-store")

    def test_the_files_are_served_in_a_site_with_a_location_for_names_of_files(self):
        self.start()
        self.assertEqual(self.call("/page.js").status, 410)
        for name in ("", "page.js", "page.css", "favicon.svg", "client/calls.js"):
            response = self.call(f"/ozon-r2/{name}")
            self.assertEqual(response.status, 200, name)
            self.expect_headers(response, "no-cache")

    def test_a_file_that_is_missing_is_an_error_in_a_site_that_has_a_page_for_it(self):
        self.start()
        self.expect_error(self.call("/ozon-r2/missing.js"), 404, "NOT_FOUND")
        self.expect_error(self.call("/ozon-r2/client/"), 403, "FORBIDDEN")
        self.expect_error(self.call("/ozon-r2/", "POST"), 405, "METHOD_NOT_ALLOWED")

    def test_errors_have_the_headers_of_the_contract_and_those_in_the_file(self):
        self.start()
        self.expect_error(self.call("/api/v1/r2/presigned-url", "POST"), 502, "BACKEND_UNAVAILABLE")
        response = self.call("/api/v1/r2/presigned-url", "OPTIONS", Origin="https://studio.example.com")
        self.assertEqual((response.status, response.getheader("Strict-Transport-Security")), (204, SECURITY))

    def test_the_status_of_an_endpoint_that_does_not_exist_is_an_error_in_json(self):
        self.start()
        self.expect_error(self.call("/ozon-r2/r2-mistyped/ping", server="status"), 500, "INTERNAL")

    def test_an_origin_of_over_46_characters_needs_larger_buckets_of_maps(self):
        for length, lines, is_accepted in [
            (46, "", True), (47, "", False), (47, "map_hash_bucket_size 128;", True),
        ]:  # fmt: skip
            origin = "https://".ljust(length, "a")
            (self.etc / "origins").write_text(f"{origin} $http_origin;\n")
            done = subprocess.run(self.nginx("-t", "-q", http_lines=lines), capture_output=True, text=True)
            self.assertEqual(done.returncode == 0, is_accepted, done.stderr)
