#!lua flags=allow-oom
--[[
  does      writes an access down and moves the idle deadline
  keys      1 session      string  the record
  args      1.. verifiers  each that the offered secret may be stored under
  returns   status, time µs
  status    0 DONE · 1 MISSING · 2 WRONG_SECRET · 3 CORRUPT
  effects   may change 1, never creates it
  cost      O(1)
]]
--- @include includes/time
--- @include includes/head
--- @include includes/admit
local DONE, MISSING, WRONG_SECRET, CORRUPT = 0, 1, 2, 3
local now = now_micros()
local now_ms = math.floor(now / 1000)
local head = read_head(KEYS[1], 229)
if head == nil then return { MISSING, whole(now) } end
if not head then return { CORRUPT, whole(now) } end
if not admit(head, now_ms, 1) then return { WRONG_SECRET, whole(now) } end
local ttl = time_to_live(head.idle, head.slack, head.absolute, now_ms)
if ttl <= 0 then return { MISSING, whole(now) } end
-- In this order: SETRANGE alone would create a key that never dies.
redis.call('PEXPIRE', KEYS[1], whole(ttl))
redis.call('SETRANGE', KEYS[1], 18, string.format('%13.0f', now_ms))
return { DONE, whole(now) }
