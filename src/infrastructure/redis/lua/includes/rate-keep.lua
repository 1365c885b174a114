local NEVER = string.rep('0', 16)

-- The record under a key as it counts now. A value of another type, or of another algorithm, counts nothing; a block outlasts the change.
local function read_rule(key, letter, capacity, period, now)
  local text = redis.pcall('GET', key)
  if type(text) ~= 'string' then text = '' end
  local blocked = #text >= 17 and tonumber(string.sub(text, 2, 17)) or 0
  local algorithm = algorithm_of(letter)
  local marks = algorithm.settle(string.sub(text, 1, 1) == letter and text or '', now, capacity, period)
  return { key = key, letter = letter, algorithm = algorithm, capacity = capacity, period = period, marks = marks, blocked = blocked }
end

local function wait_for(rule, now, cost) return rule.algorithm.wait(rule.marks, now, rule.capacity, rule.period, cost) end

-- What a reply says of a rule: taken, µs that a block lasts yet, µs to wait for what was asked, units that count, µs until none does.
local function judgement(rule, now, taken, cost)
  local used = rule.algorithm.used(rule.marks, now, rule.period, rule.capacity)
  local ends = rule.algorithm.ends(rule.marks, now, rule.period)
  return taken, math.max(0, rule.blocked - now), wait_for(rule, now, cost), used, ends
end

-- Every record has a time to live, and one that says nothing any more is removed: nothing touches its key after that.
local function keep(rule, now)
  local span = math.max(rule.algorithm.ends(rule.marks, now, rule.period), rule.blocked - now)
  if span <= 0 then return redis.call('UNLINK', rule.key) end
  -- The server counts from the beginning of its millisecond.
  local ttl = math.ceil((now + span) / 1000) - math.floor(now / 1000)
  redis.call('SET', rule.key, rule.letter .. (rule.blocked <= 0 and NEVER or whole16(rule.blocked)) .. rule.algorithm.write(rule.marks), 'PX', ttl)
end
