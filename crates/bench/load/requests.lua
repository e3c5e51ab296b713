-- A script of wrk: sends the requests of a file and checks every answer.
--
--   wrk -tTHREADS … -s requests.lua URL -- FILE THREADS KIND STATUS EXPECTED [PAUSE]
--
-- FILE      raw HTTP requests, each ended by a NUL; of THREADS, the n-th takes every THREADS-th from the n-th on
-- KIND      again: in turn, from the start when all were sent; once: each once; rotate: each answer's refresh token is sent
--           with the next request
-- STATUS    of every right answer
-- EXPECTED  in the body or in the Location of every right answer
-- PAUSE     of a connection between two requests, in milliseconds

local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function init(args)
  local file = assert(io.open(args[1], "rb"))
  local every, n, count = file:read("*a"), 0, tonumber(args[2])
  file:close()
  requests, position, wrong, right, put_off, example = {}, 0, 0, 0, 0, ""
  for one in every:gmatch("([^%z]+)%z") do
    if n % count == number then requests[#requests + 1] = one end
    n = n + 1
  end
  kind, status, expected = args[3], tonumber(args[4]), args[5]
  if kind == "rotate" then
    head, fixed = requests[1]:match("^(.-Content%-Length: )%d+\r\n\r\n(.-refresh_token=)")
  end
  if args[6] then
    local pause = tonumber(args[6])
    function delay() return pause end
  end
end

function request()
  if kind == "rotate" then return table.remove(requests) end
  position = position + 1
  if position > #requests and kind == "again" then position = 1 end
  return requests[math.min(position, #requests)]
end

function response(code, headers, body)
  if code == status and (body:find(expected, 1, true) or (headers["location"] or ""):find(expected, 1, true)) then
    right = right + 1
  elseif code == 503 and headers["retry-after"] then
    put_off = put_off + 1
  else
    wrong = wrong + 1
    example = code .. " " .. body:sub(1, 200)
  end
  if kind == "rotate" then
    local content = fixed .. (body:match('"refresh_token":"([^"]+)"') or "none")
    table.insert(requests, 1, head .. #content .. "\r\n\r\n" .. content)
  end
end

function done(summary, latency, requests)
  local right, wrong, put_off, example = 0, 0, 0, ""
  for _, thread in ipairs(threads) do
    right, wrong = right + thread:get("right"), wrong + thread:get("wrong")
    put_off = put_off + thread:get("put_off")
    if thread:get("wrong") > 0 then example = thread:get("example") end
  end
  local broken = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format('\nmeasured {"right":%d,"wrong":%d,"put_off":%d,"broken":%d,"micros":%d,"p50":%d,"p99":%d,"example":%q}\n',
    right, wrong, put_off, broken, summary.duration, latency:percentile(50), latency:percentile(99), example:gsub('[%c"\\]', " ")))
end
