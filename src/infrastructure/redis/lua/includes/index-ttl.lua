-- The list of a user outlives its sessions, and its time to live only ever grows; one that has none (-1), as an operator's PERSIST leaves it, gets one.
local function keep_index(index, absolute_ms, memory_micros)
  local at = absolute_ms + math.ceil(memory_micros / 1000)
  if redis.call('PEXPIRETIME', index) < at then redis.call('PEXPIREAT', index, whole(at)) end
end
