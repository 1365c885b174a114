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
--- @include includes/time
--- @include includes/head
--- @include includes/admit
--- @include includes/body
local DONE, MISSING, WRONG_SECRET, CORRUPT, CLASH = 0, 1, 2, 3, 4
local now = now_micros()
local text = redis.pcall('GETRANGE', KEYS[1], 0, 4095)
if text == '' then
  -- An empty value reads like none, and would stay for ever.
  if ARGV[3] ~= '' or redis.call('UNLINK', KEYS[1]) == 0 then return { MISSING, now } end
  return { DONE, now, '' }
end
local _, _, version, _, created = numbers_of(text)
local rest = version and previous_of(text)
local body = rest and find_body(text, rest)
local prefix = body and string.sub(text, 1, body - 1) or ''
if created and ARGV[2] ~= '' and created > tonumber(ARGV[2]) then return { MISSING, now } end
if ARGV[1] ~= '' then
  if not body then return { CORRUPT, now } end
  local user = string.find(prefix, '"userId":' .. ARGV[1] .. ',', rest, true)
  if not user and not string.find(prefix, '"pendingUserId":' .. ARGV[1] .. ',', rest, true) then return { MISSING, now } end
elseif version then
  if not admit(text, math.floor(now / 1000), ARGV[4]) then return { WRONG_SECRET, now } end
else
  -- A newer layout keeps the verifier where it is. What is no record at all opens for nobody, so whoever has its handle may clear it away.
  local verifier = verifier_of_any_layout(text)
  if verifier and not is_offered(verifier, ARGV[4]) then return { WRONG_SECRET, now } end
end
if ARGV[3] ~= '' then
  if not body then return { CORRUPT, now } end
  if version ~= tonumber(ARGV[3]) then return { CLASH, now, version } end
end
redis.call('UNLINK', KEYS[1])
return { DONE, now, prefix }
