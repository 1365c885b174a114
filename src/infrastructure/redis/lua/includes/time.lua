-- The server's clock, the only one that decides. Microseconds; Lua's numbers hold them exactly.
local function now_micros()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
