#!lua
--[[
  does      puts sessions back into their users' lists, from which an eviction or an operator may have taken them
  keys      1.. lists      zset    users' lists, one for each session; behind each the session's record: string
  args      1 memory       µs that a list outlives its sessions
  returns   time µs, how many sessions were missing from their lists
  effects   may write a list, only while the session behind it exists
  cost      O(sessions · log n)
]]
--- @include includes/time
--- @include includes/try
--- @include includes/head
--- @include includes/index-ttl
local now, memory = now_micros(), tonumber(ARGV[1])

local function heal(index, session)
  local _, _, _, absolute, created = numbers_of(try('GETRANGE', session, 0, 170))
  if not created then return 0 end
  -- A list of another type must not stand in the way of the others: to write into it is an error, and so no number.
  local added = try('ZADD', index, 'NX', string.format('%.0f', created), string.sub(session, -22))
  if type(added) ~= 'number' then return 0 end
  keep_index(index, absolute, memory)
  return added
end

local added = 0
for at = 1, #KEYS, 2 do added = added + heal(KEYS[at], KEYS[at + 1]) end
return { now, added }
