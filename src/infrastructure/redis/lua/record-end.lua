#!lua flags=allow-oom
--[[
  does      ends a session of a drop-in store, and leaves a mark in its place, which no save and no take-over passes
  keys      1 record       string  the record
            2 old          string  where connect-redis kept it, to be removed if it is a session; given with takeOver alone
  args      1 remember     how long the mark stays, in ms, at least 1; with 2 no shorter than that would have lasted
            2 atLeast      1: no shorter than 1 would have lasted; else 0
            3 apart        how long a session of connect-redis in another slot would last, in ms, -1 for ever: it is ended too; empty: there is none
  returns   status, time µs
  status    0 DONE · 1 MISSING
  effects   replaces 1 by the mark, unless nothing is there to end; may remove 2, and then keeps a mark for longer
  cost      O(1); with 2 O(size of what lies there)
]]
--- @include includes/time
--- @include includes/try
--- @include includes/record
--- @include includes/old-session
local DONE, MISSING = 0, 1
local now = now_micros()
-- An instance of before the move may write 2 again, to last as long as the session would have: the mark must not go first.
local is_old = KEYS[2] and holds_session(KEYS[2])
local left = math.max(ARGV[2] == '1' and redis.call('PTTL', KEYS[1]) or 0, is_old and redis.call('PTTL', KEYS[2]) or 0, tonumber(ARGV[3]) or 0)
local removed = is_old and redis.call('UNLINK', KEYS[2]) or 0
local state = read_record(KEYS[1])
if (state == 'ended' or state == 'none') and removed == 0 and ARGV[3] == '' then return { MISSING, now } end
redis.call('SET', KEYS[1], '{"ended":1}', 'PX', math.max(tonumber(ARGV[1]), left))
return { DONE, now }
