"""An HTTP proxy such as an antivirus program is one: it takes the whole body of a request at once, and forwards it at
the speed of a slow line, which all requests share.

    proxy = SlowProxy(90_000)      bytes per second
    proxy.url, proxy.bodies        where it listens, and the size of each body that it has taken
    proxy.close()
"""
import http.client
import http.server
import threading
import time
import urllib.parse

CHUNK = 16_384
HOP_BY_HOP = ("connection", "proxy-connection", "transfer-encoding", "keep-alive")


class SlowProxy:
    def __init__(self, rate):
        self.rate, self.bodies, self.free_at, self.lock = rate, [], 0.0, threading.Lock()
        handler = type("Handler", (Handler,), {"proxy": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def slowly(self, body):
        for start in range(0, len(body), CHUNK):
            chunk = body[start:start + CHUNK]
            with self.lock:
                self.free_at = max(self.free_at, time.monotonic()) + len(chunk) / self.rate
                wait = self.free_at - time.monotonic()
            time.sleep(max(0, wait))
            yield chunk


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if body:
            self.proxy.bodies.append(len(body))
        target = urllib.parse.urlsplit(self.path)
        path = urllib.parse.urlunsplit(("", "", target.path or "/", target.query, ""))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        connection = http.client.HTTPConnection(target.netloc, timeout=60)
        try:
            connection.request(self.command, path, self.proxy.slowly(body) if body else None, headers)
            answer = connection.getresponse()
            content = answer.read()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in (*HOP_BY_HOP, "content-length"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            self.close_connection = True  # the browser has gone away
        finally:
            connection.close()

    do_GET = do_PUT = do_POST = do_OPTIONS = forward

    def log_message(self, *_):
        pass
