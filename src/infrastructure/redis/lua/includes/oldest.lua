-- The oldest members of a list with their scores, and whether they are all that it has, as of most lists.
local function oldest_of(index)
  local listed = index and redis.call('ZRANGE', index, 0, 7, 'WITHSCORES') or {}
  return listed, #listed < 16
end

local function is_listed(listed, is_all, index, id)
  if not is_all then return redis.call('ZSCORE', index, id) end
  for at = 1, #listed, 2 do
    if listed[at] == id then return true end
  end
  return false
end

-- Those of the oldest that are older than an instant and have no session any more. They are looked for one by one only where some are known to be missing.
local function forgettable(listed, prefix, instant)
  local old, keys, gone = {}, {}, {}
  for at = 1, #listed, 2 do
    if tonumber(listed[at + 1]) < instant then
      old[#old + 1] = listed[at]
      keys[#keys + 1] = prefix .. listed[at]
    end
  end
  if #keys == 0 or redis.call('EXISTS', unpack(keys)) == #keys then return gone end
  for at, member in ipairs(old) do
    if redis.call('EXISTS', keys[at]) == 0 then gone[#gone + 1] = member end
  end
  return gone
end
