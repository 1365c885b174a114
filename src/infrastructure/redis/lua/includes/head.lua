-- Reads the first bytes of a record. nil: there is none; false: it is not one of ours, and must not be written into.
local function read_head(key, bytes)
  local text = redis.pcall('GETRANGE', key, 0, bytes - 1)
  if type(text) ~= 'string' then return false end
  if text == '' then return nil end
  if #text < 171 or string.sub(text, 1, 18) ~= '{"lastAccessedAt":' or string.sub(text, 62, 62) ~= '1' then return false end
  local head = {
    text = text,
    idle = tonumber(string.sub(text, 41, 51)),
    slack = tonumber(string.sub(text, 53, 60)),
    version = tonumber(string.sub(text, 64, 72)),
    absolute = tonumber(string.sub(text, 74, 86)),
    created = tonumber(string.sub(text, 88, 103)),
    operations = string.sub(text, 106, 129),
    verifier = string.sub(text, 133, 154),
    authenticated = string.sub(text, 157, 169),
    rest = 172
  }
  if not (head.idle and head.slack and head.version and head.absolute and head.created) then return false end
  if string.sub(text, 172, 183) == '"previous":"' then
    head.previous = string.sub(text, 184, 205)
    head.until_ms = tonumber(string.sub(text, 216, 228)) or 0
    head.rest = 230
  end
  return head
end

-- The verifier of a record whatever its layout: every layout begins alike and keeps it in this place. nil: it is no record.
local function verifier_of_any_layout(key)
  local text = redis.pcall('GETRANGE', key, 0, 153)
  if type(text) ~= 'string' or #text < 154 or string.sub(text, 1, 18) ~= '{"lastAccessedAt":' then return nil end
  return string.sub(text, 133, 154)
end

-- How long a record that is accessed now is kept. Zero or less: the session is over. Whole also for a damaged field, because half a
-- millisecond would be rounded to none, and the next command bring the key back for ever.
local function time_to_live(idle, slack, absolute, now_ms)
  return math.floor(math.min(idle + slack, absolute - now_ms - 1))
end
