-- Writes the access to one record down, and moves its idle deadline. `text`: the record, or its first 229 bytes. Behind the status: when the session ends at the
-- latest, in ms, and its place in its list. Reads the head as includes/head does, written out, since a table for each would take a third of the time.
local now = now_micros()
local now_ms = math.floor(now / 1000)
local written, sub = string.format('%13.0f', now_ms), string.sub

local function access(session, text, offered)
  if not text or text == '' then return MISSING end
  if type(text) ~= 'string' or #text < 171 or sub(text, 1, 18) ~= '{"lastAccessedAt":' or sub(text, 62, 62) ~= '1' then return CORRUPT end
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
  redis.call('PEXPIRE', session, ttl)
  redis.call('SETRANGE', session, 18, written)
  return DONE, absolute, created
end
