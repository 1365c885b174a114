#!lua flags=no-writes
--[[
  does      tells what one unit of a rule, or a lease, would be answered
  keys      1 record       string  of the rule
  args      1 letter       of the algorithm
            2 capacity     units
            3 period       µs
  returns   time µs, 0, µs of a block, µs to wait, units that count, µs until none does
  effects   none
  cost      O(log of a log's length), O(leases)
]]
--- @include includes/time
--- @include includes/try
--- @include includes/rate-algorithms
--- @include includes/rate-counting
--- @include includes/rate-leases
--- @include includes/rate-keep
local now = now_micros()
local rule = rule_of(ARGV[1], ARGV[2], ARGV[3])
local marks, blocked = read(KEYS[1], rule, now)
return { now, judgement(rule, marks, blocked, now, 0, 1) }
