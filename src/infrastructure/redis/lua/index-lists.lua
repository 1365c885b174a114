#!lua flags=no-writes
--[[
  does      tells which members stand in a user's list
  keys      1 index        zset    the user's list
  args      1.. ids        22 characters each
  returns   time µs, then 1 or 0 for each
  effects   none
  cost      O(members)
]]
--- @include includes/time
local reply = { now_micros() }
for at, id in ipairs(ARGV) do reply[at + 1] = redis.call('ZSCORE', KEYS[1], id) and 1 or 0 end
return reply
