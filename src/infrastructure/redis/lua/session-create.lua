#!lua
--[[
  does      opens a session, lists it, and makes room under the limit, all at once
  keys      1 session      string  the new record, absent
            2 index        zset    the user's list; not given for a guest
  args      1 terms        what holds for the session, as includes/create reads it
            2 notAfter     server time in µs after which this copy of the call does nothing
            3 verifier     22 characters
            4 fields       JSON members that follow the head, to the end of the record
            5 cursor       score from which this page goes on; empty on the first
            6 counted      sessions that count on the pages before, but for the first page that had any
            7 oldest       score of the oldest session that counts; empty when none was seen yet
            8 until        score of the last member of that one's page
  returns   status, time µs, then when it was created in µs and the ids of the ended (DONE), the record (REPLAYED), or cursor, counted, oldest, until and the ids of the ended (MORE)
  status    0 DONE · 1 REPLAYED · 2 ENDED · 3 LATE · 4 FULL · 5 MORE
  effects   may write 1, 2 and the records that 2 names
  cost      O(log n) below the limit; at it, up to 1000 records are looked at
]]
local DONE, REPLAYED, ENDED, LATE, FULL, MORE = 0, 1, 2, 3, 4, 5
--- @include includes/time
--- @include includes/try
--- @include includes/head
--- @include includes/index-ttl
--- @include includes/oldest
--- @include includes/create
local now = now_micros()
local before = { cursor = ARGV[5], counted = tonumber(ARGV[6]), oldest = ARGV[7], till = ARGV[8] }
local answer, created = create(KEYS[1], KEYS[2], terms_of(ARGV[1], now), tonumber(ARGV[2]), ARGV[3], ARGV[4], before)
if answer then return answer end
return { DONE, now, created }
