#!lua
--[[
  does      takes units whatever is left, or gives them back
  keys      1 record       string  of the rule
  args      1 letter       of the algorithm
            2 capacity     units
            3 period       µs
            4 units        negative ones are given back
            5 until        when units that are given back cease to count, in µs; empty: not known
  returns   time µs
  effects   may write or remove 1
  cost      O(length of the record)
]]
--- @include includes/time
--- @include includes/try
--- @include includes/rate-algorithms
--- @include includes/rate-counting
--- @include includes/rate-keep
local now = now_micros()
local rule = rule_of(ARGV[1], ARGV[2], ARGV[3])
local marks, blocked = read(KEYS[1], rule, now)
local cost = tonumber(ARGV[4])
if cost > 0 then
  marks = rule.algorithm.take(marks, now, rule.capacity, rule.period, cost)
else
  marks = rule.algorithm.back(marks, now, rule.period, -cost, tonumber(ARGV[5]))
end
keep(KEYS[1], rule, marks, blocked, now)
return { now }
