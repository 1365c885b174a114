#!lua flags=allow-oom
--[[
  does      ends many sessions, each by its secret or by its owner
  keys      1.. sessions   string  the records
  args      1.. deletions  four for each session: the arguments of session-delete
  returns   time µs, then for each session the record as far as its body (DONE), or what session-delete returns
  status    1 MISSING · 2 WRONG_SECRET · 3 CORRUPT · 4 CLASH
  effects   may remove the records
  cost      O(sessions)
]]
local MISSING, WRONG_SECRET, CORRUPT, CLASH = 1, 2, 3, 4
--- @include includes/time
--- @include includes/try
--- @include includes/head
--- @include includes/admit
--- @include includes/body
--- @include includes/delete
local now = now_micros()
local reply = { now }
for at, key in ipairs(KEYS) do
  local from = at * 4 - 3
  local answer, prefix = delete(key, now, ARGV[from], ARGV[from + 1], ARGV[from + 2], ARGV[from + 3])
  reply[at + 1] = answer or prefix
end
return reply
