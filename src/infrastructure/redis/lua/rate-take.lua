#!lua
--[[
  does      takes units of rules for many calls; of the rules of one call all, or none when one of them denies it
  keys      1.. records    string  one for each rule, those of one call all different
  args      1.. claims     one for each record: letter of the algorithm, capacity, period in µs, units, 1 in shadow mode, 1 when the same call claims the next, too
  returns   time µs, then for each record: 1 when its units were taken, µs of a block, µs to wait, units that count, µs until none does
  effects   may write or remove the records
  cost      O(rules · log of a log's length)
]]
--- @include includes/time
--- @include includes/try
--- @include includes/rate-algorithms
--- @include includes/rate-counting
--- @include includes/rate-keep
local now = now_micros()

-- Read once for all that claim the same.
local rules, claims = {}, {}
local function claim_of(text)
  if not claims[text] then
    local name, cost, shadow, more = string.match(text, '^(%l %d+ %d+) (%d+) (%d) (%d)$')
    rules[name] = rules[name] or rule_of(string.match(name, '^(%l) (%d+) (%d+)$'))
    claims[text] = { rule = rules[name], cost = tonumber(cost), shadow = shadow == '1', more = more == '1' }
  end
  return claims[text]
end

-- A record that several calls claim is read once and written once, unless they claim it by different rules.
local records = {}
local function write(key, record)
  if record.changed then keep(key, record.rule, record.marks, record.blocked, now) end
end
local function record_of(key, rule)
  local record = records[key]
  if record and record.rule == rule then return record end
  if record then write(key, record) end
  record = { rule = rule }
  record.marks, record.blocked, record.changed = read(key, rule, now)
  records[key] = record
  return record
end

local function fits(claim, record)
  return record.blocked <= now and wait_for(claim.rule, record.marks, now, claim.cost) == 0
end

-- The answer to one claim of a call.
local function answer(key, claim, all_fit)
  local rule, record = claim.rule, record_of(key, claim.rule)
  -- Whether those of shadow mode fit was not asked for the call.
  if not all_fit or claim.shadow and not fits(claim, record) then return judgement(rule, record.marks, record.blocked, now, 0, claim.cost) end
  record.marks, record.changed = rule.algorithm.take(record.marks, now, rule.capacity, rule.period, claim.cost), true
  return judgement(rule, record.marks, record.blocked, now, 1, 1)
end

local reply, at = { now }, 1
while at <= #KEYS do
  local first, all_fit, claim = at, true, nil
  repeat
    claim = claim_of(ARGV[at])
    if not claim.shadow and not fits(claim, record_of(KEYS[at], claim.rule)) then all_fit = false end
    at = at + 1
  until not claim.more
  for mine = first, at - 1 do
    local size = #reply
    reply[size + 1], reply[size + 2], reply[size + 3], reply[size + 4], reply[size + 5] = answer(KEYS[mine], claim_of(ARGV[mine]), all_fit)
  end
end
for key, record in pairs(records) do write(key, record) end
return reply
