-- What wrk sends, by the words after "--" on its command line, and what it tells at the end: one
-- line of JSON (times in microseconds), the last it prints. Read by load.py.
--   close        each request asks for the connection to be closed
--   post=BYTES   a POST with a body of so many bytes

function init(args)
  for _, word in ipairs(args) do
    local bytes = word:match("^post=(%d+)$")
    if word == "close" then
      wrk.headers["Connection"] = "close"
    elseif bytes then
      wrk.method = "POST"
      wrk.body = string.rep("x", tonumber(bytes))
    else
      error("wrk.lua: close or post=BYTES, not " .. word)
    end
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"duration_us":%d,"p50_us":%.0f,"p99_us":%.0f,' ..
    '"errors":{"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
