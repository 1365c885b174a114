#!lua flags=allow-oom
--[[
  does      removes what connect-redis left, where its key lies in another slot than the record; sent once the record or the mark is there
  keys      1 old          string  where connect-redis kept the session
  args      1 found        what 1 must hold to be removed; empty: any session
  returns   status, time µs
  status    0 DONE · 1 KEPT (nothing, no session, or another one)
  effects   may remove 1
  cost      O(size of what lies there)
]]
--- @include includes/time
--- @include includes/try
--- @include includes/old-session
local DONE, KEPT = 0, 1
local now = now_micros()
if not holds_session(KEYS[1]) or (ARGV[1] ~= '' and redis.call('GET', KEYS[1]) ~= ARGV[1]) then return { KEPT, now } end
redis.call('UNLINK', KEYS[1])
return { DONE, now }
