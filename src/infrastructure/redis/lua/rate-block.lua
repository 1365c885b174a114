#!lua
--[[
  does      denies everything for a while
  keys      1 record       string  of the rule
  args      1 letter       of the algorithm
            2 capacity     units
            3 period       µs
            4 span         µs from now
  returns   time µs
  effects   writes 1
  cost      O(length of the record)
]]
--- @include includes/time
--- @include includes/try
--- @include includes/rate-algorithms
--- @include includes/rate-counting
--- @include includes/rate-leases
--- @include includes/rate-keep
local now = now_micros()
local rule = rule_of(ARGV[1], ARGV[2], ARGV[3])
local marks = read(KEYS[1], rule, now)
keep(KEYS[1], rule, marks, now + tonumber(ARGV[4]), now)
return { now }
