#!lua flags=allow-oom
--[[
  does      makes a record of a session that connect-redis left in another slot; its key is removed afterwards, by record-old-remove
  keys      1 record       string  the record, absent
  args      1 notAfter     server time in µs after which this copy of the call does nothing: what was read of the old key may be over by then
            2 lifetime     how long the record is kept, in ms, at least 1; where there is a mark, it stays no shorter
            3 text         the record
  returns   status, time µs, then what lies under 1 (TAKEN)
  status    0 DONE · 1 TAKEN (there is a record or a mark, which goes before what connect-redis left) · 2 LATE
  effects   may write 1, and keeps a mark there as long as the old key would have lasted
  cost      O(size of the record)
]]
--- @include includes/time
local DONE, TAKEN, LATE = 0, 1, 2
local now = now_micros()
local text = redis.call('GET', KEYS[1])
if text then
  if text == '{"ended":1}' then redis.call('PEXPIRE', KEYS[1], ARGV[2], 'GT') end
  return { TAKEN, now, text }
end
if now > tonumber(ARGV[1]) then return { LATE, now } end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[2])
return { DONE, now }
