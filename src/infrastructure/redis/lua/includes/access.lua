-- Writes the access to one record down, and moves its idle deadline. `text`: the record, or its first 229 bytes. Behind the status: when the session ends at the
-- latest, in ms, and its place in its list.
local now = now_micros()
local now_ms = math.floor(now / 1000)
local written = string.format('%13.0f', now_ms)

local function access(session, text, offered)
  if not text or text == '' then return MISSING end
  local idle, slack, _, absolute, created = numbers_of(text)
  if not idle then return CORRUPT end
  if not admit(text, now_ms, offered) then return WRONG_SECRET end
  local ttl = time_to_live(idle, slack, absolute, now_ms)
  if ttl <= 0 then return MISSING end
  -- In this order: SETRANGE alone would create a key that never dies.
  redis.call('PEXPIRE', session, ttl)
  redis.call('SETRANGE', session, 18, written)
  return DONE, absolute, created
end
