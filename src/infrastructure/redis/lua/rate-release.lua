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
--- @include includes/try
--- @include includes/rate-algorithms
--- @include includes/rate-leases
--- @include includes/rate-keep
local now = now_micros()
local rule = rule_of('s', ARGV[1], ARGV[2])
local leases, blocked = read(KEYS[1], rule, now)
local others = without(leases, ARGV[3])
keep(KEYS[1], rule, others, blocked, now)
return { now }
