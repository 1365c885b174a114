#!lua flags=no-writes
--[[
  does      reads a page of a user's list
  keys      1 index        zset    the user's list
  args      1 order        'REV': the newest first; anything else: the oldest first
            2 from         score, included, or '+inf' / '-inf'
            3 to           score, included, or '-inf' / '+inf'
            4 count        members at most
  returns   time µs, then member and score in turn
  effects   none
  cost      O(log n + count)
]]
--- @include includes/time
local reply = { now_micros() }
local page
if ARGV[1] == 'REV' then
  page = redis.call('ZRANGE', KEYS[1], ARGV[2], ARGV[3], 'BYSCORE', 'REV', 'LIMIT', 0, ARGV[4], 'WITHSCORES')
else
  page = redis.call('ZRANGE', KEYS[1], ARGV[2], ARGV[3], 'BYSCORE', 'LIMIT', 0, ARGV[4], 'WITHSCORES')
end
for at, value in ipairs(page) do reply[at + 1] = value end
return reply
