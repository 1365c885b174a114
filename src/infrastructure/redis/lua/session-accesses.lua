#!lua flags=allow-oom
--[[
  does      reads sessions, writes these accesses down and moves their idle deadlines
  keys      1.. sessions   string  the records
  args      1.. offered    one for each session: the verifiers that the offered secret may be stored under, a space around each
  returns   time µs, then for each session its status and its record as it was before; no text where there is none
  status    0 DONE · 1 MISSING · 2 WRONG_SECRET · 3 CORRUPT
  effects   may change the records, never creates one
  cost      O(size of the records)
]]
local DONE, MISSING, WRONG_SECRET, CORRUPT = 0, 1, 2, 3
--- @include includes/time
--- @include includes/try
--- @include includes/head
--- @include includes/admit
--- @include includes/access
local reply = { now }
for at, session in ipairs(KEYS) do
  local text = try('GET', session)
  reply[2 * at] = access(session, text, ARGV[at])
  reply[2 * at + 1] = type(text) == 'string' and text or ''
end
return reply
