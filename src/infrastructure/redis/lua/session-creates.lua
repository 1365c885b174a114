#!lua
--[[
  does      opens many sessions, each as session-create does that looks at its first page
  keys      1.. sessions   string  the new records, absent; behind each that is a user's: zset, the user's list
  args      1.. creations  four for each session: the arguments 1 to 4 of session-create
  returns   time µs, then for each session when it was created in µs (DONE, and nobody was ended for it), or what session-create returns
  status    0 DONE · 1 REPLAYED · 2 ENDED · 3 LATE · 4 FULL · 5 MORE · 6 FAILED
  effects   may write the records, the lists and the records that these name
  cost      O(sessions · log n) below the limits; at them, up to 1000 records are looked at for each
]]
local DONE, REPLAYED, ENDED, LATE, FULL, MORE, FAILED = 0, 1, 2, 3, 4, 5, 6
--- @include includes/time
--- @include includes/try
--- @include includes/head
--- @include includes/index-ttl
--- @include includes/oldest
--- @include includes/create
local now = now_micros()
local FIRST_PAGE = { cursor = '', counted = 0, oldest = '', till = '' }

-- A key of another type is met before anything is written for its session, and must not stop the others. What breaks off later is in doubt: the server's user
-- may use one command and not the next, and then it is the same for all.
local function attempt(session, index, terms, not_after, verifier, fields)
  has_written = false
  local is_done, answer, created = pcall(create, session, index, terms, not_after, verifier, fields, FIRST_PAGE)
  if is_done then return answer or created end
  if has_written then error(answer, 0) end
  return { FAILED, now }
end

local reply, at, text, terms = { now }, 1
for from = 1, #ARGV, 4 do
  if ARGV[from] ~= text then
    text = ARGV[from]
    terms = terms_of(text, now)
  end
  local index = terms.is_listed and KEYS[at + 1] or nil
  reply[#reply + 1] = attempt(KEYS[at], index, terms, tonumber(ARGV[from + 1]), ARGV[from + 2], ARGV[from + 3])
  at = at + (index and 2 or 1)
end
return reply
