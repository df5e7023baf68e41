-- wrk -s post.lua URL -- HOST: POSTs presigned-url requests for varying paths; prints one line of JSON at the end.
-- The requests are formatted in init, so that wrk itself uses little CPU time.
local requests, next_request = {}, 0

function init(args)
  wrk.method = "POST"
  wrk.headers["Host"] = args[1]
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["X-API-Key"] = "bench-key"
  for i = 0, 999 do
    local path = string.format("users/bench/ozon/%d/%d.jpg", 2194435300 + i % 50, 8388316998 + i)
    requests[i] = wrk.format(nil, nil, nil, '{"r2_path":"' .. path .. '"}')
  end
end

function request()
  next_request = (next_request + 1) % 1000
  return requests[next_request]
end

function done(summary, latency)
  local e = summary.errors
  print(string.format('RESULT {"requests":%d,"seconds":%.6f,"p50_us":%d,"p99_us":%d,"non_2xx":%d,"broken":%d}',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    e.status, e.connect + e.read + e.write + e.timeout))
end
