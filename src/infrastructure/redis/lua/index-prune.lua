#!lua flags=allow-oom
--[[
  does      removes members whose session is gone from a user's list
  keys      1 index        zset    the user's list
            2.. sessions   string  the records of the members, in the order of the arguments
  args      1 memory       age in µs from which a member without a session may leave the list
            2.. ids        22 characters each
  returns   time µs, how many were removed
  effects   may change or remove 1
  cost      O(members · log n)
]]
--- @include includes/time
local now = now_micros()
local dead = {}
for at = 2, #KEYS do
  local score = redis.call('ZSCORE', KEYS[1], ARGV[at])
  -- Younger ones stay: they tell a late copy of a create that its session is over.
  if score and tonumber(score) + tonumber(ARGV[1]) < now and redis.call('EXISTS', KEYS[at]) == 0 then dead[#dead + 1] = ARGV[at] end
end
if #dead == 0 then return { now, 0 } end
return { now, redis.call('ZREM', KEYS[1], unpack(dead)) }
