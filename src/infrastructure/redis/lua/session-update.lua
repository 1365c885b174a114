#!lua
--[[
  does      replaces the attributes at one exact version, and nothing else
  keys      1 session      string  the record
  args      1 expected     the version that the caller read
            2 operation    6 characters that name this change
            3 body         JSON members to the end of the record
            4 notAfter     server time in µs after which this copy of the call does nothing
            5.. verifiers  each that the offered secret may be stored under; none: the caller proved its right on the record it read
  returns   status, time µs, then the record as far as its body (DONE, REPLAYED) or the version found (CLASH)
  status    0 DONE · 1 MISSING · 2 WRONG_SECRET · 3 CORRUPT · 4 CLASH · 5 REPLAYED · 6 LATE
  effects   may change 1, never creates it
  cost      O(size of the record)
]]
--- @include includes/time
--- @include includes/head
--- @include includes/admit
--- @include includes/body
--- @include includes/operations
local DONE, MISSING, WRONG_SECRET, CORRUPT, CLASH, REPLAYED, LATE = 0, 1, 2, 3, 4, 5, 6
local now = now_micros()
local now_ms = math.floor(now / 1000)
local head = read_head(KEYS[1], 4096)
if head == nil then return { MISSING, whole(now) } end
local body = head and find_body(head.text, head.rest)
if not body then return { CORRUPT, whole(now) } end
local clashes = head.version ~= tonumber(ARGV[1])
-- An earlier copy of this very call, possibly with a rotation after it, and however late.
if clashes and was_applied(head.operations, ARGV[2]) then return { REPLAYED, whole(now), string.sub(head.text, 1, body - 1) } end
if #ARGV >= 5 and not admit(head, now_ms, 5) then return { WRONG_SECRET, whole(now) } end
if clashes then return { CLASH, whole(now), head.version } end
if now > tonumber(ARGV[4]) then return { LATE, whole(now) } end
local ttl = time_to_live(head.idle, head.slack, head.absolute, now_ms)
if ttl <= 0 then return { MISSING, whole(now) } end
-- The stored head goes on, never the caller's copy: that would undo a rotation, an extension or a touch in between.
local prefix = write_head(head, now_ms, head.version + 1, push_operation(head.operations, ARGV[2]), head.verifier)
if head.previous and head.until_ms > now_ms then prefix = prefix .. write_previous(head.previous, head.until_ms) end
prefix = prefix .. string.sub(head.text, head.rest, body - 1)
redis.call('SET', KEYS[1], prefix .. ARGV[3], 'PX', whole(ttl))
return { DONE, whole(now), prefix }
