#!lua
--[[
  does      opens many sessions, each as session-create does that looks at its first page
  keys      1.. sessions   string  the new records, absent; behind each that is a user's: zset, the user's list
  args      1.. creations  14 for each session: 1 when its list follows it, else 0; then the arguments 1 to 13 of session-create
  returns   time µs, then for each session what session-create returns
  status    0 DONE · 1 REPLAYED · 2 ENDED · 3 LATE · 4 FULL · 5 MORE · 6 FAILED
  effects   may write the records, the lists and the records that these name
  cost      O(sessions · log n) below the limits; at them, up to 1000 records are looked at for each
]]
local DONE, REPLAYED, ENDED, LATE, FULL, MORE, FAILED = 0, 1, 2, 3, 4, 5, 6
--- @include includes/time
--- @include includes/head
--- @include includes/body
--- @include includes/index-ttl
--- @include includes/oldest
--- @include includes/create
local now = now_micros()

-- A key of another type is met before anything is written for its session, and must not stop the others.
local function attempt(keys, args)
  local is_done, answer = pcall(create, keys, args, now)
  if is_done then return answer end
  return { FAILED, now }
end

local reply, at = { now }, 1
for from = 1, #ARGV, 14 do
  local listed = ARGV[from] == '1'
  local args = { unpack(ARGV, from + 1, from + 13) }
  args[14], args[15], args[16], args[17] = '', '0', '', ''
  reply[#reply + 1] = attempt({ KEYS[at], listed and KEYS[at + 1] or nil }, args)
  at = at + (listed and 2 or 1)
end
return reply
