#!lua
--[[
  does      opens a session, lists it, and makes room under the limit, all at once
  keys      1 session      string  the new record, absent
            2 index        zset    the user's list; not given for a guest
  args      1 id           22 characters, the member in the list
            2 notAfter     server time in µs after which this copy of the call does nothing
            3 memory       age in µs from which a member without a session may leave the list
            4 idle         ms
            5 slack        ms
            6 absolute     ms from now
            7 verifier     22 characters
            8 operations   24 characters
            9 authenticated  ms; 'now'; or empty, and then the session does not count
            10 fixed       JSON members that never change
            11 body        JSON members to the end of the record
            12 limit       0: none
            13 onLimit     'evict-oldest' or 'reject'
            14 cursor      score from which this page goes on; empty on the first
            15 counted     sessions that count on the pages before, but for the first page that had any
            16 oldest      score of the oldest session that counts; empty when none was seen yet
            17 until       score of the last member of that one's page
  returns   status, time µs, then the record's head and the ids of the ended (DONE), the record (REPLAYED), or cursor, counted, oldest, until and the ids of the ended (MORE)
  status    0 DONE · 1 REPLAYED · 2 ENDED · 3 LATE · 4 FULL · 5 MORE
  effects   may write 1, 2 and the records that 2 names
  cost      O(log n) below the limit; at it, up to 1000 records are looked at
]]
local DONE, REPLAYED, ENDED, LATE, FULL, MORE = 0, 1, 2, 3, 4, 5
--- @include includes/time
--- @include includes/head
--- @include includes/body
--- @include includes/index-ttl
--- @include includes/oldest
--- @include includes/create
return create(KEYS, ARGV, now_micros())
