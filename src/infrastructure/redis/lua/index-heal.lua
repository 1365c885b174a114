#!lua
--[[
  does      puts a session back into its user's list, from which an eviction or an operator may have taken it; for clusters, where it goes behind a touch
  keys      1 index        zset    the user's list
            2 session      string  the record
  args      1 id           22 characters
            2 memory       µs that the list outlives its sessions
  returns   time µs, 1 when the session was missing from the list
  effects   may write 1, only while 2 exists
  cost      O(log n)
]]
--- @include includes/time
--- @include includes/head
--- @include includes/index-ttl
local now = now_micros()
local _, _, _, absolute, created = numbers_of(redis.pcall('GETRANGE', KEYS[2], 0, 170))
if not created then return { now, 0 } end
local added = redis.call('ZADD', KEYS[1], 'NX', string.format('%.0f', created), ARGV[1])
keep_index(KEYS[1], absolute, tonumber(ARGV[2]))
return { now, added }
