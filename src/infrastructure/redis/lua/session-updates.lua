#!lua
--[[
  does      replaces the attributes of many sessions, each at one exact version
  keys      1.. sessions   string  the records
  args      1.. updates    five for each session: the arguments of session-update
  returns   time µs, then for each session the record's head (DONE), or what session-update returns
  status    1 MISSING · 2 WRONG_SECRET · 3 CORRUPT · 4 CLASH · 5 REPLAYED · 6 LATE
  effects   may change the records, never creates one
  cost      O(size of the records)
]]
local MISSING, WRONG_SECRET, CORRUPT, CLASH, REPLAYED, LATE = 1, 2, 3, 4, 5, 6
--- @include includes/time
--- @include includes/try
--- @include includes/head
--- @include includes/admit
--- @include includes/body
--- @include includes/operations
--- @include includes/update
local now = now_micros()
local reply = { now }
for at, key in ipairs(KEYS) do
  local from = at * 5 - 4
  local answer, head = update(key, now, tonumber(ARGV[from]), ARGV[from + 1], ARGV[from + 2], tonumber(ARGV[from + 3]), ARGV[from + 4])
  reply[at + 1] = answer or head
end
return reply
