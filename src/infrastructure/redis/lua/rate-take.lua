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
--- @include includes/rate-algorithms
--- @include includes/rate-counting
--- @include includes/rate-keep
local now = now_micros()

-- Read once for all that claim the same.
local claims = {}
local function claim_of(text)
  if not claims[text] then
    local letter, capacity, period, cost, shadow, more = string.match(text, '^(%l) (%d+) (%d+) (%d+) (%d) (%d)$')
    claims[text] = { rule = rule_of(letter, capacity, period), cost = tonumber(cost), shadow = shadow == '1', more = more == '1' }
  end
  return claims[text]
end

local marks, blocked, ahead, fits = {}, {}, {}, {}
-- The answers to the claims of one call, each for one record.
local function answer(at, all_fit)
  local claim, taken = claim_of(ARGV[at]), 0
  local rule = claim.rule
  if all_fit and fits[at] then
    marks[at] = rule.algorithm.take(marks[at], now, rule.capacity, rule.period, claim.cost)
    keep(KEYS[at], rule, marks[at], blocked[at], now)
    taken = 1
  elseif ahead[at] then
    keep(KEYS[at], rule, marks[at], blocked[at], now)
  end
  return judgement(rule, marks[at], blocked[at], now, taken, taken == 1 and 1 or claim.cost)
end

local reply, at = { now }, 1
while at <= #KEYS do
  local first, all_fit, claim = at, true, nil
  repeat
    claim = claim_of(ARGV[at])
    marks[at], blocked[at], ahead[at] = read(KEYS[at], claim.rule, now)
    fits[at] = blocked[at] <= now and wait_for(claim.rule, marks[at], now, claim.cost) == 0
    if not fits[at] and not claim.shadow then all_fit = false end
    at = at + 1
  until not claim.more
  for mine = first, at - 1 do
    local size = #reply
    reply[size + 1], reply[size + 2], reply[size + 3], reply[size + 4], reply[size + 5] = answer(mine, all_fit)
  end
end
return reply
