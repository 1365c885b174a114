#!lua
--[[
  does      stores a session of a drop-in store, unless it was ended, or is not at the version that the caller has seen
  keys      1 record       string  the record
            2 old          string  where connect-redis kept it, to be removed if it is a session; given with takeOver alone
  args      1 expected     the version that the caller has seen; empty: whatever is there is replaced
            2 operation    6 characters that name this save
            3 notAfter     server time in µs after which this copy of the call does nothing
            4 lifetime     how long it is kept, in ms, at least 1
            5 atLeast      1: no shorter than it would be kept without this save; else 0
            6 name         43 characters: the hash that the key ends with
            7 data         the session as JSON
  returns   status, time µs, then the version (DONE) or the record that is stored (REPLAYED, CLASH)
  status    0 DONE · 1 REPLAYED · 2 ENDED · 3 MISSING · 4 CLASH · 5 LATE · 6 CORRUPT
  effects   may write 1; may remove 2
  cost      O(size of the record, and of what lies under 2)
]]
--- @include includes/time
--- @include includes/try
--- @include includes/operations
--- @include includes/record
--- @include includes/old-session
local DONE, REPLAYED, ENDED, MISSING, CLASH, LATE, CORRUPT = 0, 1, 2, 3, 4, 5, 6
local now = now_micros()
local state, version, operations = read_record(KEYS[1])
if state == 'corrupt' then return { CORRUPT, now } end
if state == 'ended' then return { ENDED, now } end
if state == 'live' and was_applied(operations, ARGV[2]) then return { REPLAYED, now, redis.call('GET', KEYS[1]) } end
if state == 'none' and ARGV[1] ~= '' then return { MISSING, now } end
if state == 'live' and ARGV[1] ~= '' and version ~= tonumber(ARGV[1]) then return { CLASH, now, redis.call('GET', KEYS[1]) } end
if now > tonumber(ARGV[3]) then return { LATE, now } end
version = (version or 0) % 999999999 + 1
operations = push_operation(operations or '------------------------', ARGV[2])
local head = string.format('{"record":[1,%9.0f,"%s"],"name":"%s","data":', version, operations, ARGV[6])
local left = ARGV[5] == '1' and redis.call('PTTL', KEYS[1]) or 0
redis.call('SET', KEYS[1], head .. ARGV[7] .. '}', 'PX', math.max(tonumber(ARGV[4]), left))
if KEYS[2] and holds_session(KEYS[2]) then redis.call('UNLINK', KEYS[2]) end
return { DONE, now, version }
