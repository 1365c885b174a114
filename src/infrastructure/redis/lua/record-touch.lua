#!lua flags=allow-oom
--[[
  does      keeps a session of a drop-in store for a while from now, never for shorter than before; one that is over stays so
  keys      1 record       string  the record
  args      1 lifetime     how long it is kept, in ms, at least 1
  returns   status, time µs
  status    0 DONE · 1 MISSING
  effects   may move the end of 1 to later, never creates it
  cost      O(1)
]]
--- @include includes/time
--- @include includes/try
--- @include includes/record
local DONE, MISSING = 0, 1
local now = now_micros()
if read_record(KEYS[1]) ~= 'live' then return { MISSING, now } end
redis.call('PEXPIRE', KEYS[1], ARGV[1], 'GT')
return { DONE, now }
