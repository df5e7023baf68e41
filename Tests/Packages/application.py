"""Stands for the application that nginx asks for the session's user: the cookie "user" names it."""

import http.server
import re


class Session(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        user = re.search(r"\buser=([a-z]+)", self.headers.get("Cookie", ""))
        self.send_response(204 if user else 401)
        if user:
            self.send_header("X-Session-User", user[1])
        self.end_headers()

    do_POST = do_PUT = do_DELETE = do_OPTIONS = do_GET


http.server.HTTPServer(("127.0.0.1", 3000), Session).serve_forever()
