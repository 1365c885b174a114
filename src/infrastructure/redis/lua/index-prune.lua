#!lua flags=allow-oom
--[[
  does      removes members whose session is gone from users' lists
  keys      1.. lists      zset    users' lists; behind each the records of some of its members: string
  args      1 memory       age in µs from which a member without a session may leave its list
            2.. counts     one for each list: how many records follow it
  returns   time µs, how many members were removed
  effects   may change or remove the lists
  cost      O(members · log n)
]]
--- @include includes/time
--- @include includes/try
local now, memory = now_micros(), tonumber(ARGV[1])

local function prune(index, from, to)
  local dead = {}
  for at = from, to do
    local id = string.sub(KEYS[at], -22)
    -- To look into a list of another type is an error, and so no score: the other lists are pruned all the same.
    local score = try('ZSCORE', index, id)
    -- Younger ones stay: they tell a late copy of a create that its session is over.
    if type(score) == 'string' and tonumber(score) + memory < now and redis.call('EXISTS', KEYS[at]) == 0 then dead[#dead + 1] = id end
  end
  return #dead > 0 and redis.call('ZREM', index, unpack(dead)) or 0
end

local removed, at = 0, 1
for list = 2, #ARGV do
  local last = at + tonumber(ARGV[list])
  removed = removed + prune(KEYS[at], at + 1, last)
  at = last + 1
end
return { now, removed }
