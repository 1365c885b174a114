#!lua flags=no-writes
--[[
  does      takes the instant at which a sign-out everywhere takes effect, and reads the oldest members of the user's list: every later session gets a higher score
  keys      1 index        zset    the user's list
  args      1 count        members at most
  returns   time µs, score, then member and its score in turn
  effects   none
  cost      O(log n + count)
]]
--- @include includes/time
local now = now_micros()
local page = redis.call('ZRANGE', KEYS[1], 0, tonumber(ARGV[1]) - 1, 'WITHSCORES')
local top = page[#page]
if #page == 2 * tonumber(ARGV[1]) then top = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2] end
local reply = { now, math.max(now, math.ceil(tonumber(top or 0))) }
for at, value in ipairs(page) do reply[at + 2] = value end
return reply
