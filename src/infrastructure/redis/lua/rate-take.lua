#!lua
--[[
  does      takes units of several rules, or of none when one of them denies it
  keys      1.. records    string  one for each rule, all different
  args      1.. rules      five for each record: letter of the algorithm, capacity, period in µs, units, 1 in shadow mode
  returns   time µs, then for each record: 1 when its units were taken, µs of a block, µs to wait, units that count, µs until none does
  effects   may write or remove the records
  cost      O(rules · log of a log's length)
]]
--- @include includes/time
--- @include includes/rate-algorithms
--- @include includes/rate-counting
--- @include includes/rate-keep
local now = now_micros()
local rules, all_fit = {}, true
for at, key in ipairs(KEYS) do
  local from = at * 5 - 4
  local rule = read_rule(key, ARGV[from], tonumber(ARGV[from + 1]), tonumber(ARGV[from + 2]), now)
  rule.cost = tonumber(ARGV[from + 3])
  rule.fits = rule.blocked <= now and wait_for(rule, now, rule.cost) == 0
  if not rule.fits and ARGV[from + 4] ~= '1' then all_fit = false end
  rules[at] = rule
end
local function settled(rule)
  if not (all_fit and rule.fits) then return judgement(rule, now, 0, rule.cost) end
  rule.marks = rule.algorithm.take(rule.marks, now, rule.capacity, rule.period, rule.cost)
  keep(rule, now)
  return judgement(rule, now, 1, 1)
end
if #rules == 1 then return { now, settled(rules[1]) } end
local reply = { now }
for _, rule in ipairs(rules) do
  for _, number in ipairs({ settled(rule) }) do reply[#reply + 1] = number end
end
return reply
