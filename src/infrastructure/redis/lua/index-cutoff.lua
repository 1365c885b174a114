#!lua flags=no-writes
--[[
  does      takes the instant at which a sign-out everywhere takes effect: every later session gets a higher score
  keys      1 index        zset    the user's list
  returns   time µs, score
  effects   none
  cost      O(log n)
]]
--- @include includes/time
local now = now_micros()
local top = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
return { now, math.max(now, math.ceil(tonumber(top[2] or 0))) }
