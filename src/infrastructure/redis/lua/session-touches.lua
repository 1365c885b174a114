#!lua flags=allow-oom
--[[
  does      writes the accesses of sessions down, moves their idle deadlines, and puts them back into lists that lost them
  keys      1.. sessions   string  the records; behind each that is a user's: zset, the user's list
  args      1 memory       µs that a list outlives its sessions
            2.. offered    one for each session: 1 when its list follows it, else 0; then the verifiers that the offered secret may be stored under, a space around each
  returns   time µs, then the status of each session
  status    0 DONE · 1 MISSING · 2 WRONG_SECRET · 3 CORRUPT
  effects   may change the records, never creates one; may write a list whose session exists
  cost      O(sessions · log n)
]]
local DONE, MISSING, WRONG_SECRET, CORRUPT = 0, 1, 2, 3
--- @include includes/time
--- @include includes/index-ttl
local now = now_micros()
local now_ms = math.floor(now / 1000)
local access, memory = string.format('%13.0f', now_ms), tonumber(ARGV[1])
local sub = string.sub

local function is_offered(verifier, offered) return string.find(offered, ' ' .. verifier .. ' ', 1, true) end

-- Reads the head as includes/head does, written out, since a table for each would take a third of the time.
local function touch(session, index, offered)
  local text = redis.pcall('GETRANGE', session, 0, 228)
  if type(text) ~= 'string' then return CORRUPT end
  if text == '' then return MISSING end
  if #text < 171 or sub(text, 1, 18) ~= '{"lastAccessedAt":' or sub(text, 62, 62) ~= '1' then return CORRUPT end
  local idle, slack, version = tonumber(sub(text, 41, 51)), tonumber(sub(text, 53, 60)), tonumber(sub(text, 64, 72))
  local absolute, created = tonumber(sub(text, 74, 86)), tonumber(sub(text, 88, 103))
  if not (idle and slack and version and absolute and created) then return CORRUPT end
  if not is_offered(sub(text, 133, 154), offered) then
    local grace = sub(text, 172, 183) == '"previous":"' and (tonumber(sub(text, 216, 228)) or 0) > now_ms
    if not (grace and is_offered(sub(text, 184, 205), offered)) then return WRONG_SECRET end
  end
  local ttl = math.floor(math.min(idle + slack, absolute - now_ms - 1))
  if ttl <= 0 then return MISSING end
  -- In this order: SETRANGE alone would create a key that never dies.
  redis.call('PEXPIRE', session, whole(ttl))
  redis.call('SETRANGE', session, 18, access)
  if index then
    local id = sub(session, -22)
    local listed = redis.pcall('ZSCORE', index, id)
    if not listed then redis.call('ZADD', index, whole(created), id) end
    -- A list of another type must not stand in the way of an access: to look into it is an error, and so no text and no absence.
    if type(listed) ~= 'table' then keep_index(index, absolute, memory) end
  end
  return DONE
end

local reply, at = { whole(now) }, 1
for index = 2, #ARGV do
  local offered = ARGV[index]
  local listed = sub(offered, 1, 1) == '1'
  reply[index] = touch(KEYS[at], listed and KEYS[at + 1], offered)
  at = at + (listed and 2 or 1)
end
return reply
