-- The server's clock, the only one that decides. Microseconds; Lua's numbers hold them exactly.
local function now_micros()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

-- Lua would write sixteen digits as 1.7e+15.
local function whole(number)
  return string.format('%.0f', number)
end
