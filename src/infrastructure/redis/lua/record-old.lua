#!lua flags=no-writes
--[[
  does      looks at what connect-redis left, where its key lies in another slot than the record
  keys      1 old          string  where connect-redis kept the session
  returns   status, time µs, then the session and its time to live in ms, -1 without one (FOUND)
  status    0 FOUND · 1 MISSING (nothing, or no session)
  effects   none
  cost      O(size of what lies there)
]]
--- @include includes/time
--- @include includes/try
--- @include includes/old-session
local FOUND, MISSING = 0, 1
local now = now_micros()
if not holds_session(KEYS[1]) then return { MISSING, now } end
return { FOUND, now, redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1]) }
