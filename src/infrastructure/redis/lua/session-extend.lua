#!lua flags=allow-oom
--[[
  does      moves the idle deadline now, and for all later accesses when an idle timeout is given
  keys      1 session      string  the record
  args      1 idle         ms; empty keeps the session's own
            2 touchInterval  ms
            3 notAfter     server time in µs after which this copy of the call does nothing
            4 offered      the verifiers that the offered secret may be stored under, a space around each
  returns   status, time µs, then the record
  status    0 DONE · 1 MISSING · 2 WRONG_SECRET · 3 CORRUPT · 4 LATE
  effects   may change 1, never creates it
  cost      O(size of the record)
]]
--- @include includes/time
--- @include includes/try
--- @include includes/head
--- @include includes/admit
local DONE, MISSING, WRONG_SECRET, CORRUPT, LATE = 0, 1, 2, 3, 4
local now = now_micros()
local now_ms = math.floor(now / 1000)
local text = try('GETRANGE', KEYS[1], 0, 228)
if text == '' then return { MISSING, now } end
local stored_idle, _, _, absolute = numbers_of(text)
if not stored_idle then return { CORRUPT, now } end
if not admit(text, now_ms, ARGV[4]) then return { WRONG_SECRET, now } end
if now > tonumber(ARGV[3]) then return { LATE, now } end
local idle = tonumber(ARGV[1]) or stored_idle
local slack = math.min(tonumber(ARGV[2]), math.floor(idle / 10))
local ttl = time_to_live(idle, slack, absolute, now_ms)
if ttl <= 0 then return { MISSING, now } end
redis.call('PEXPIRE', KEYS[1], ttl)
redis.call('SETRANGE', KEYS[1], 18, string.format('%13.0f,"head":[%11.0f,%8.0f', now_ms, idle, slack))
return { DONE, now, redis.call('GET', KEYS[1]) }
