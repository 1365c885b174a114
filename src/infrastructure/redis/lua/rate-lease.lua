#!lua
--[[
  does      begins a lease where there is room, or begins the time of the holder's own anew
  keys      1 record       string  of the rule
  args      1 capacity     leases
            2 period       µs that a lease lasts
            3 holder       22 characters
            4 renew        1: not where the lease has ended
  returns   time µs, 1 when the lease is held, µs of a block, µs to wait, leases that are held, µs until none is
  effects   may write 1
  cost      O(leases)
]]
--- @include includes/time
--- @include includes/try
--- @include includes/rate-algorithms
--- @include includes/rate-leases
--- @include includes/rate-keep
local now = now_micros()
local rule = rule_of('s', ARGV[1], ARGV[2])
local leases, blocked, ahead = read(KEYS[1], rule, now)
local others, is_held = without(leases, ARGV[3])
local fits = is_held
if ARGV[4] ~= '1' then fits = blocked <= now and (is_held or wait_for(rule, leases, now, 1) == 0) end
if not fits then
  if ahead then keep(KEYS[1], rule, leases, blocked, now) end
  return { now, judgement(rule, leases, blocked, now, 0, 1) }
end
others[#others + 1] = { id = ARGV[3], ends = now + rule.period }
keep(KEYS[1], rule, others, blocked, now)
return { now, judgement(rule, others, blocked, now, 1, 1) }
