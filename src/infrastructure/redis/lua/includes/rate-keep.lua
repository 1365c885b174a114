local NEVER = string.rep('0', 16)

-- A rule, and the algorithm that counts for it.
local function rule_of(letter, capacity, period)
  return { letter = letter, algorithm = algorithm_of(letter), capacity = tonumber(capacity), period = tonumber(period) }
end

-- What counts of the record under a key now, until when everything is denied, and whether the record has to be written anew although nothing is taken: since
-- the clock was set back it lies ahead, and each call would find it taken just now. A value of another type, or of another algorithm, counts nothing; a
-- block outlasts the change.
local function read(key, rule, now)
  local text = try('GET', key)
  if type(text) ~= 'string' or #text < 17 then text = '' end
  local known = string.sub(text, 1, 1) == rule.letter and text or ''
  local marks, ahead = rule.algorithm.settle(known, now, rule.capacity, rule.period)
  return marks, tonumber(string.sub(text, 2, 17)) or 0, ahead
end

local function wait_for(rule, marks, now, cost) return rule.algorithm.wait(marks, now, rule.capacity, rule.period, cost) end

-- What a reply says of a rule: taken, µs that a block lasts yet, µs to wait for what was asked, units that count, µs until none does.
local function judgement(rule, marks, blocked, now, taken, cost)
  local algorithm, period = rule.algorithm, rule.period
  local left = blocked > now and blocked - now or 0
  return taken, left, wait_for(rule, marks, now, cost), algorithm.used(marks, now, period, rule.capacity), algorithm.ends(marks, now, period)
end

-- Every record has a time to live, and one that says nothing any more is removed: nothing touches its key after that.
local function keep(key, rule, marks, blocked, now)
  local ends = now + rule.algorithm.ends(marks, now, rule.period)
  if blocked > ends then ends = blocked end
  if ends <= now then return redis.call('UNLINK', key) end
  -- The server counts from the beginning of its millisecond.
  local ttl = math.ceil(ends / 1000) - math.floor(now / 1000)
  redis.call('SET', key, rule.letter .. (blocked <= 0 and NEVER or whole16(blocked)) .. rule.algorithm.write(marks), 'PX', ttl)
end
