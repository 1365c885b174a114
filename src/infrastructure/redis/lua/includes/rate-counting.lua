-- Generic cell rate: when nothing counts any more.
make.g = function() return {
  settle = function(text, now, capacity, period)
    local full, most = tonumber(string.sub(text, 18, 33)) or 0, now + capacity * period
    if full > most then return most, true end
    return math.max(full, now), false
  end,
  wait = function(full, now, capacity, period, cost) return math.max(0, full + (cost - capacity) * period - now) end,
  used = function(full, now, period) return math.ceil((full - now) / period) end,
  ends = function(full, now) return full - now end,
  take = function(full, now, capacity, period, cost) return math.min(full + cost * period, now + capacity * period) end,
  back = function(full, now, period, cost, expires)
    local span = cost * period
    if expires then span = math.min(span, math.max(0, expires - now)) end
    return math.max(now, full - span)
  end,
  write = function(full) return whole16(full) end
} end

-- Sliding log: the times of the units, sixteen digits each, the oldest first.
make.l = function() return {
  settle = function(text, now, capacity, period)
    local count = math.floor((#text - 17) / 16)
    local low, high = math.max(0, count - capacity), count
    while low < high do
      local middle = math.floor((low + high) / 2)
      if (tonumber(string.sub(text, 18 + middle * 16, 33 + middle * 16)) or 0) > now - period then high = middle else low = middle + 1 end
    end
    local last = count
    while last > low and (tonumber(string.sub(text, 2 + last * 16, 17 + last * 16)) or 0) > now do last = last - 1 end
    return string.sub(text, 18 + low * 16, 17 + last * 16) .. string.rep(whole16(now), count - last), last < count
  end,
  wait = function(log, now, capacity, period, cost)
    local surplus = #log / 16 + cost - capacity
    if surplus <= 0 then return 0 end
    return (tonumber(string.sub(log, surplus * 16 - 15, surplus * 16)) or now) + period - now
  end,
  used = function(log) return #log / 16 end,
  ends = function(log, now, period) return #log == 0 and 0 or (tonumber(string.sub(log, -16)) or now) + period - now end,
  take = function(log, now, capacity, period, cost) return string.sub(log .. string.rep(whole16(now), cost), -capacity * 16) end,
  back = function(log, now, period, cost, expires)
    if not expires then return string.sub(log, 1, math.max(0, #log - cost * 16)) end
    local taken = whole16(expires - period)
    for at = 1, #log, 16 do
      if string.sub(log, at, at + 15) == taken then
        local after = at
        while cost > 0 and string.sub(log, after, after + 15) == taken do after, cost = after + 16, cost - 1 end
        return string.sub(log, 1, at - 1) .. string.sub(log, after)
      end
    end
    return log
  end,
  write = function(log) return log end
} end

-- Where the window begins, its units, and for the sliding counter those of the one before.
local function read_window(text) return tonumber(string.sub(text, 18, 33)) or 0, tonumber(string.sub(text, 34, 40)) or 0, tonumber(string.sub(text, 41, 47)) or 0 end

make.f = function() return {
  settle = function(text, now, capacity, period)
    local start, count = read_window(text)
    local current = now - now % period
    if start < current or count == 0 then return { start = current, count = 0 }, false end
    local begins = math.min(start, current + period)
    -- One that began under another length goes on in the window that it lies in.
    return { start = begins - begins % period, count = math.min(count, capacity) }, start > current + period
  end,
  wait = function(window, now, capacity, period, cost) return window.count + cost <= capacity and 0 or window.start + period - now end,
  used = function(window) return window.count end,
  ends = function(window, now, period) return window.count == 0 and 0 or window.start + period - now end,
  take = function(window, now, capacity, period, cost) return { start = window.start, count = math.min(window.count + cost, capacity) } end,
  back = function(window, now, period, cost, expires)
    if expires and expires <= window.start then return window end
    return { start = window.start, count = math.max(0, window.count - cost) }
  end,
  write = function(window) return whole16(window.start) .. string.format('%07.0f', window.count) end
} end

local function overlapping(window, now, period)
  return math.ceil(window.previous * (window.start + period - now) / period)
end

make.c = function() return {
  settle = function(text, now, capacity, period)
    local start, count, previous = read_window(text)
    local current, ahead = now - now % period, start > now and count + previous > 0
    -- Since the clock was set back all count as taken now.
    if ahead then count, previous = count + previous, 0
    elseif start < current then count, previous = 0, start >= current - period and count or 0 end
    return { start = current, count = math.min(count, capacity), previous = math.min(previous, capacity) }, ahead
  end,
  wait = function(window, now, capacity, period, cost)
    local start, room, count = window.start, capacity - cost, window.count
    if count + overlapping(window, now, period) + cost <= capacity then return 0 end
    if count <= room then return math.max(now + 1, start + period - math.floor((room - count) * period / window.previous)) - now end
    return start + 2 * period - math.floor(room * period / count) - now
  end,
  used = function(window, now, period, capacity) return math.min(capacity, window.count + overlapping(window, now, period)) end,
  ends = function(window, now, period)
    local last = window.start + period - now
    return window.count > 0 and last + period or window.previous > 0 and last or 0
  end,
  take = function(window, now, capacity, period, cost)
    return { start = window.start, count = math.min(window.count + cost, capacity), previous = window.previous }
  end,
  back = function(window, now, period, cost, expires)
    local mine, before = 0, 0
    if not expires then mine, before = cost, math.max(0, cost - window.count)
    elseif expires >= window.start + 2 * period then mine = cost
    elseif expires >= window.start + period then before = cost end
    return { start = window.start, count = math.max(0, window.count - mine), previous = math.max(0, window.previous - before) }
  end,
  write = function(window) return whole16(window.start) .. string.format('%07.0f%07.0f', window.count, window.previous) end
} end
