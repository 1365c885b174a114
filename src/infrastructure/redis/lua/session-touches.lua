#!lua flags=allow-oom
--[[
  does      writes the accesses of sessions down, moves their idle deadlines, and puts them back into lists that lost them
  keys      1.. sessions   string  the records; behind each that is a user's: zset, the user's list
  args      1 memory       µs that a list outlives its sessions
            2.. offered    one for each session: 1 when its list follows it, else 0; then the verifiers that the offered secret may be stored under, a space around each
  returns   time µs, then the status of each session
  status    0 DONE · 1 MISSING · 2 WRONG_SECRET · 3 CORRUPT
  effects   may change the records, never creates one; may write a list whose session exists
  cost      O(sessions · log n)
]]
local DONE, MISSING, WRONG_SECRET, CORRUPT = 0, 1, 2, 3
--- @include includes/time
--- @include includes/try
--- @include includes/index-ttl
--- @include includes/head
--- @include includes/admit
--- @include includes/access
local memory = tonumber(ARGV[1])

local function touch(session, index, offered)
  local status, absolute, created = access(session, try('GETRANGE', session, 0, 228), offered)
  if status ~= DONE or not index then return status end
  local id = string.sub(session, -22)
  local listed = try('ZSCORE', index, id)
  if not listed then redis.call('ZADD', index, string.format('%.0f', created), id) end
  -- A list of another type must not stand in the way of an access: to look into it is an error, and so no text and no absence.
  if type(listed) ~= 'table' then keep_index(index, absolute, memory) end
  return DONE
end

local reply, at = { now }, 1
for index = 2, #ARGV do
  local offered = ARGV[index]
  local listed = string.sub(offered, 1, 1) == '1'
  reply[index] = touch(KEYS[at], listed and KEYS[at + 1], offered)
  at = at + (listed and 2 or 1)
end
return reply
