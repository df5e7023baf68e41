-- The request of wrk: a presigned URL. The argument is the API key.
function init(args)
  wrk.method = "POST"
  wrk.body = '{"r2_path":"users/u/a.jpg"}'
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["X-API-Key"] = args[1]
end
