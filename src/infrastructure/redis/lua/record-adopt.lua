#!lua flags=allow-oom
--[[
  does      makes a record of a session that connect-redis left, and removes its key in the same step, so that nothing brings it back later
  keys      1 record       string  the record, absent
            2 old          string  where connect-redis kept it
  args      1 found        what the caller found under 2
            2 lifetime     how long the record is kept, in ms, where 2 has no time to live
            3 text         the record
  returns   status, time µs, then what lies under 1 (TAKEN)
  status    0 DONE · 1 TAKEN (there is a record or a mark, which goes before what connect-redis left) · 2 CHANGED (2 holds something else)
  effects   may write 1, and keeps a mark there as long as 2 would have lasted; may remove 2
  cost      O(size of the record)
]]
--- @include includes/time
local DONE, TAKEN, CHANGED = 0, 1, 2
local now = now_micros()
local text = redis.call('GET', KEYS[1])
if text then
  if text == '{"ended":1}' then redis.call('PEXPIRE', KEYS[1], redis.call('PTTL', KEYS[2]), 'GT') end
  if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('UNLINK', KEYS[2]) end
  return { TAKEN, now, text }
end
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return { CHANGED, now } end
local ttl = redis.call('PTTL', KEYS[2])
if ttl < 0 then ttl = tonumber(ARGV[2]) end
redis.call('SET', KEYS[1], ARGV[3], 'PX', math.max(ttl, 1))
redis.call('UNLINK', KEYS[2])
return { DONE, now }
