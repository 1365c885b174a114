#!lua flags=allow-oom
--[[
  does      ends a lease
  keys      1 record       string  of the rule
  args      1 capacity     leases
            2 period       µs that a lease lasts
            3 holder       22 characters
  returns   time µs
  effects   may write or remove 1
  cost      O(leases)
]]
--- @include includes/time
--- @include includes/rate-algorithms
--- @include includes/rate-leases
--- @include includes/rate-keep
local now = now_micros()
local rule = read_rule(KEYS[1], 's', tonumber(ARGV[1]), tonumber(ARGV[2]), now)
rule.marks = without(rule.marks, ARGV[3])
keep(rule, now)
return { now }
