-- The list of a user outlives its sessions, and its time to live only ever grows. GT does nothing on a key without one, which then gets its first.
local function keep_index(index, absolute_ms, memory_micros)
  local at = whole(absolute_ms + math.ceil(memory_micros / 1000))
  if redis.call('PEXPIREAT', index, at, 'GT') == 0 then redis.call('PEXPIREAT', index, at, 'NX') end
end
