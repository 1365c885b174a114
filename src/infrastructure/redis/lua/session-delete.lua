#!lua flags=allow-oom
--[[
  does      ends one session, by its secret or by its owner
  keys      1 session      string  the record
  args      1 owner        JSON text of the user id that the record must name; empty: by secret
            2.. verifiers  each that the offered secret may be stored under
  returns   status, time µs, then the record as far as its body (DONE; empty when it could not be read)
  status    0 DONE · 1 MISSING · 2 WRONG_SECRET · 3 CORRUPT (nothing was done: by owner, of a record that names none)
  effects   may remove 1
  cost      O(1)
]]
--- @include includes/time
--- @include includes/head
--- @include includes/admit
--- @include includes/body
local DONE, MISSING, WRONG_SECRET, CORRUPT = 0, 1, 2, 3
local now = now_micros()
local head = read_head(KEYS[1], 4096)
if head == nil then return { MISSING, whole(now) } end
local body = head and find_body(head.text, head.rest)
local prefix = body and string.sub(head.text, 1, body - 1) or ''
if ARGV[1] ~= '' then
  if not body then return { CORRUPT, whole(now) } end
  local user = string.find(prefix, '"userId":' .. ARGV[1] .. ',', head.rest, true)
  if not user and not string.find(prefix, '"pendingUserId":' .. ARGV[1] .. ',', head.rest, true) then return { MISSING, whole(now) } end
-- A record whose head cannot be read opens for nobody, so whoever has its handle may clear it away.
elseif head and not admit(head, math.floor(now / 1000), 2) then
  return { WRONG_SECRET, whole(now) }
end
redis.call('UNLINK', KEYS[1])
return { DONE, whole(now), prefix }
