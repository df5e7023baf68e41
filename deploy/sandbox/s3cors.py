"""CORS as R2 applies it: for each response to an allowed origin, errors and the responses of POST included, which
OpenStack Swift leaves out. The section of the filter has the allowed `origins`, separated by commas, or *. s3-server
copies this file to its configuration."""

METHODS = "GET, HEAD, PUT, POST, DELETE"
EXPOSED = "ETag, Location"


def filter_factory(_global_conf, origins="", **_):
    allowed = [origin.strip() for origin in origins.split(",") if origin.strip()]
    return lambda app: CORS(app, allowed)


class CORS:
    def __init__(self, app, allowed):
        self.app, self.allowed = app, allowed

    def __call__(self, environ, start_response):
        origin = environ.get("HTTP_ORIGIN")
        is_allowed = origin is not None and ("*" in self.allowed or origin in self.allowed)
        if environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ:
            return self.preflight(environ, origin if is_allowed else None, start_response)

        def start(status, headers, exc_info=None):
            # Swift's own headers would be a second rule.
            kept = [(name, value) for name, value in headers if not name.lower().startswith("access-control-")]
            kept.append(("Vary", "Origin"))
            if is_allowed:
                kept += [("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", EXPOSED)]
            return start_response(status, kept, exc_info)

        return self.app(environ, start)

    def preflight(self, environ, origin, start_response):
        requested = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS")
        method = environ["HTTP_ACCESS_CONTROL_REQUEST_METHOD"]
        headers = [("Content-Length", "0"), ("Vary", "Origin")]
        if origin is None or method not in METHODS.split(", "):
            start_response("403 Forbidden", headers)
            return [b""]
        headers += [("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Methods", METHODS),
                    ("Access-Control-Max-Age", "7200")]
        if requested:
            headers.append(("Access-Control-Allow-Headers", requested))
        start_response("204 No Content", headers)
        return [b""]
