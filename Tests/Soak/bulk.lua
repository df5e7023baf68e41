-- wrk -s bulk.lua URL -- RUN: signing requests, each with a text that occurs in no other request. Its response must
-- contain that text, and no other request's. A thread has one connection, so it knows to which request a response
-- belongs. Prints a line of JSON for each path at the end.
local paths = { "presigned-url", "presigned-url", "presigned-urls", "sign-request", "multipart/parts" }
local bodies = {
  ["presigned-url"] = '{"r2_path":"users/soak/%s.jpg"}',
  ["presigned-urls"] = '{"items":[{"r2_path":"users/soak/%s-a.jpg"},{"r2_path":"users/soak/%s-b.jpg"}]}',
  ["sign-request"] = '{"method":"PUT","key":"users/soak/%s.jpg"}',
  ["multipart/parts"] = '{"r2_path":"users/soak/%s.jpg","upload_id":"x","size":6000000,"part_size":5242880,'
    .. '"part_numbers":[1,2]}',
}
local threads = {}

function setup(thread)
  thread:set("number", #threads)
  threads[#threads + 1] = thread
end

function init(args)
  path = paths[number % #paths + 1]
  prefix = string.format("w%s-%d-", args[1], number)
  count, good, lost, first = 0, 0, 0, ""
  is_waiting, is_trial = false, number == 0 -- wrk tries request() out with the first thread
  headers = { ["Content-Type"] = "application/json", ["X-API-Key"] = args[2] }
end

function request()
  count = count + 1
  if is_waiting then lost = lost + 1 end
  is_waiting, is_trial = not is_trial, false
  mark = prefix .. count .. "~"
  return wrk.format("POST", "/api/v1/r2/" .. path, headers, (bodies[path]:gsub("%%s", mark)))
end

function response(status, _, body)
  is_waiting = false
  local own, all = 0, 0
  for found in body:gmatch("soak/(w[%w-]+~)") do
    all = all + 1
    if found == mark then own = own + 1 end
  end
  if status == 200 and own > 0 and own == all then
    good = good + 1
    return
  end
  lost = lost + 1
  if first == "" then
    first = string.format("%s: %d %s", mark, status, body:sub(1, 200))
  end
end

local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(c) return string.format("\\u%04x", c:byte()) end) .. '"'
end

function done(summary, latency)
  for _, thread in ipairs(threads) do
    print(string.format('THREAD {"path":%s,"good":%d,"lost":%d,"first":%s}', quoted(thread:get("path")),
      thread:get("good"), thread:get("lost"), quoted(thread:get("first"))))
  end
  local e = summary.errors
  print(string.format('RESULT {"requests":%d,"broken":%d,"p50_ms":%.2f,"p99_ms":%.2f}', summary.requests,
    e.connect + e.read + e.write + e.timeout, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
