#!lua
--[[
  does      replaces the attributes at one exact version, and nothing else
  keys      1 session      string  the record
  args      1 expected     the version that the caller read
            2 operation    6 characters that name this change
            3 body         JSON members to the end of the record
            4 notAfter     server time in µs after which this copy of the call does nothing
            5 offered      the verifiers that the offered secret may be stored under, a space around each; nothing: the caller proved its right on the record it read
  returns   status, time µs, then the record's head (DONE, REPLAYED) or the version found (CLASH)
  status    0 DONE · 1 MISSING · 2 WRONG_SECRET · 3 CORRUPT · 4 CLASH · 5 REPLAYED · 6 LATE
  effects   may change 1, never creates it
  cost      O(size of the record)
]]
local DONE, MISSING, WRONG_SECRET, CORRUPT, CLASH, REPLAYED, LATE = 0, 1, 2, 3, 4, 5, 6
--- @include includes/time
--- @include includes/try
--- @include includes/head
--- @include includes/admit
--- @include includes/body
--- @include includes/operations
--- @include includes/update
local now = now_micros()
local answer, head = update(KEYS[1], now, tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5])
if answer then return answer end
return { DONE, now, head }
