#!lua flags=allow-oom
--[[
  does      ends sessions of a user, and takes those out of the user's list that it need not remember any more
  keys      1 index        zset    the user's list
            2.. sessions   string  the records, in the order of the list: the oldest first
  args      1 memory       age in µs from which a member without a session may leave the list
  returns   time µs, how many left the list, for each session 1 where it was there, else 0, as one text, how many
            members the list has still
  effects   may change or remove 1, removes the records
  cost      O(sessions · log n)
]]
--- @include includes/time
local index, memory = KEYS[1], tonumber(ARGV[1])
local now = now_micros()

-- Younger ones stay: they tell a late copy of a create that its session is over. They are the last of all, so a few looks find the oldest of them; one that is
-- not listed any more counts as young.
local function is_old(at)
  local score = redis.call('ZSCORE', index, string.sub(KEYS[at], -22))
  return score and tonumber(score) + memory < now
end
local from, to = 1, #KEYS
if is_old(to) then from = to else to = to - 1 end
while from < to do
  local middle = math.ceil((from + to) / 2)
  if is_old(middle) then from = middle else to = middle - 1 end
end
local old = {}
for at = 2, from do old[at - 1] = string.sub(KEYS[at], -22) end

-- Nearly always all are there, or none.
local there, existed = redis.call('EXISTS', unpack(KEYS, 2)), nil
if there == #KEYS - 1 then
  redis.call('UNLINK', unpack(KEYS, 2))
  existed = string.rep('1', there)
elseif there == 0 then
  existed = string.rep('0', #KEYS - 1)
else
  local each = {}
  for at = 2, #KEYS do each[at - 1] = redis.call('UNLINK', KEYS[at]) end
  existed = table.concat(each)
end
local left = #old > 0 and redis.call('ZREM', index, unpack(old)) or 0
return { now, left, existed, redis.call('ZCARD', index) }
