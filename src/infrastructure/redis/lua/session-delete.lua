#!lua flags=allow-oom
--[[
  does      ends one session, by its secret or by its owner
  keys      1 session      string  the record
  args      1 owner        JSON text of the user id that the record must name; empty: by secret
            2 newest       creation time in µs of the newest session that may be meant; empty: any
            3 version      the version that the record must be at; empty: any
            4 offered      the verifiers that the offered secret may be stored under, a space around each
  returns   status, time µs, then the record as far as its body (DONE; empty when it could not be read) or the version found (CLASH)
  status    0 DONE · 1 MISSING · 2 WRONG_SECRET · 3 CORRUPT (nothing was done: of a record without the owner or version that was asked for) · 4 CLASH
  effects   may remove 1
  cost      O(1)
]]
local DONE, MISSING, WRONG_SECRET, CORRUPT, CLASH = 0, 1, 2, 3, 4
--- @include includes/time
--- @include includes/try
--- @include includes/head
--- @include includes/admit
--- @include includes/body
--- @include includes/delete
local now = now_micros()
local answer, prefix = delete(KEYS[1], now, ARGV[1], ARGV[2], ARGV[3], ARGV[4])
if answer then return answer end
return { DONE, now, prefix }
