#!lua
--[[
  does      replaces the secret, and in the same step the attributes when a body is given
  keys      1 session      string  the record
  args      1 verifier     of the new secret; its beginning names this change
            2 grace        ms for which the old secret still works; 0: not at all
            3 reauthenticated  1: the time of authentication is now
            4 expected     the version that the caller read; empty: the attributes stay
            5 body         JSON members to the end of the record; empty: the attributes stay
            6 notAfter     server time in µs after which this copy of the call does nothing
            7 offered      the verifiers that the offered secret may be stored under, a space around each
  returns   status, time µs, then the record (DONE, REPLAYED) or the version found (CLASH)
  status    0 DONE · 1 MISSING · 2 WRONG_SECRET · 3 CORRUPT · 4 CLASH · 5 REPLAYED · 6 REPLACED_SECRET · 7 NOT_AUTHENTICATED · 8 LATE
  effects   may change 1, never creates it
  cost      O(size of the record)
]]
--- @include includes/time
--- @include includes/try
--- @include includes/head
--- @include includes/admit
--- @include includes/body
--- @include includes/operations
local DONE, MISSING, WRONG_SECRET, CORRUPT, CLASH, REPLAYED, REPLACED_SECRET, NOT_AUTHENTICATED, LATE = 0, 1, 2, 3, 4, 5, 6, 7, 8
local new, grace = ARGV[1], tonumber(ARGV[2])
local now = now_micros()
local now_ms = math.floor(now / 1000)
local text = try('GETRANGE', KEYS[1], 0, 4095)
if text == '' then return { MISSING, now } end
local idle, slack, version, absolute = numbers_of(text)
if not idle then return { CORRUPT, now } end
local at, replaced = previous_of(text)
local body = find_body(text, at)
if not body then return { CORRUPT, now } end
-- An earlier copy of this very call, possibly with another rotation after it.
if verifier_of(text) == new or replaced == new then return { REPLAYED, now, redis.call('GET', KEYS[1]) } end
local admission = admit(text, now_ms, ARGV[7])
if not admission then return { WRONG_SECRET, now } end
if admission == 'grace' then return { REPLACED_SECRET, now } end
if ARGV[4] ~= '' and version ~= tonumber(ARGV[4]) then return { CLASH, now, version } end
if now > tonumber(ARGV[6]) then return { LATE, now } end
local authenticated = authenticated_of(text)
if ARGV[3] == '1' then
  if not tonumber(authenticated) then return { NOT_AUTHENTICATED, now } end
  authenticated = string.format('%13.0f', now_ms)
end
local ttl = time_to_live(idle, slack, absolute, now_ms)
if ttl <= 0 then return { MISSING, now } end
local operations, rest = operations_of(text), nil
if ARGV[4] ~= '' then
  version, operations, rest = version + 1, push_operation(operations, string.sub(new, 1, 6)), ARGV[5]
else
  rest = redis.call('GETRANGE', KEYS[1], body - 1, -1)
end
local previous = grace > 0 and write_previous(verifier_of(text), now_ms + grace) or ''
local record = write_head(text, now_ms, version, operations, new, authenticated) .. previous .. string.sub(text, at, body - 1) .. rest
redis.call('SET', KEYS[1], record, 'PX', ttl)
return { DONE, now, record }
