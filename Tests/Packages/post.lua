-- The request of wrk: a presigned URL.
wrk.method = "POST"
wrk.body = '{"r2_path":"users/u/a.jpg"}'
wrk.headers["Content-Type"] = "application/json"
wrk.headers["X-API-Key"] = "the-key"
