-- When a list may go that remembers its members for so long. Whole also for a damaged record, where the command would fail.
local function index_end(absolute_ms, memory_micros) return math.ceil(absolute_ms + memory_micros / 1000) end

-- The list of a user outlives its sessions, and its time to live only ever grows; one that has none (-1), as an operator's PERSIST leaves it, gets one.
local function keep_index(index, absolute_ms, memory_micros)
  local at = index_end(absolute_ms, memory_micros)
  if redis.call('PEXPIRETIME', index) < at then redis.call('PEXPIREAT', index, at) end
end

-- The same for a session that is new, and so nearly always the last to end.
local function keep_longer(index, absolute_ms, memory_micros)
  if redis.call('PEXPIREAT', index, index_end(absolute_ms, memory_micros), 'GT') == 0 then keep_index(index, absolute_ms, memory_micros) end
end
