-- A record's head has fields of fixed width, so each is read where it lies. What is read together comes as several values: a table for each head would take a third
-- of an access.

-- Idle timeout and slack in ms, version, absolute deadline in ms, creation in µs. nil: it is no record of ours, and must not be written into.
local function numbers_of(text)
  if type(text) ~= 'string' or #text < 171 or string.sub(text, 1, 18) ~= '{"lastAccessedAt":' or string.sub(text, 62, 62) ~= '1' then return nil end
  local idle, slack, version = tonumber(string.sub(text, 41, 51)), tonumber(string.sub(text, 53, 60)), tonumber(string.sub(text, 64, 72))
  local absolute, created = tonumber(string.sub(text, 74, 86)), tonumber(string.sub(text, 88, 103))
  if idle and slack and version and absolute and created then return idle, slack, version, absolute, created end
end

local function operations_of(text) return string.sub(text, 106, 129) end
local function verifier_of(text) return string.sub(text, 133, 154) end
local function authenticated_of(text) return string.sub(text, 157, 169) end

-- Where the head ends; and, where a rotation left them, the verifier that it replaced and until when that holds, in ms.
local function previous_of(text)
  if string.sub(text, 172, 183) ~= '"previous":"' then return 172 end
  return 230, string.sub(text, 184, 205), tonumber(string.sub(text, 216, 228)) or 0
end

-- The verifier of a record whatever its layout: every layout begins alike and keeps it in this place. nil: it is no record.
local function verifier_of_any_layout(text)
  if type(text) ~= 'string' or #text < 154 or string.sub(text, 1, 18) ~= '{"lastAccessedAt":' then return nil end
  return verifier_of(text)
end

-- How long a record that is accessed now is kept. Zero or less: the session is over. Whole also for a damaged field, because half a
-- millisecond would be rounded to none, and the next command bring the key back for ever.
local function time_to_live(idle, slack, absolute, now_ms)
  return math.floor(math.min(idle + slack, absolute - now_ms - 1))
end
