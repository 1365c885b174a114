-- Leases: 22 characters that name the holder and sixteen digits of its end, each.
make.s = function() return {
  settle = function(text, now, capacity, period)
    local leases, ahead = {}, false
    for at = 18, #text - 37, 38 do
      local ends = tonumber(string.sub(text, at + 22, at + 37)) or 0
      if ends > now then leases[#leases + 1] = { id = string.sub(text, at, at + 21), ends = math.min(ends, now + period) } end
      ahead = ahead or ends > now + period
    end
    return leases, ahead
  end,
  wait = function(leases, now, capacity)
    local surplus = #leases + 1 - capacity
    if surplus <= 0 then return 0 end
    local ends = {}
    for at, lease in ipairs(leases) do ends[at] = lease.ends end
    table.sort(ends)
    return ends[surplus] - now
  end,
  used = function(leases) return #leases end,
  ends = function(leases, now)
    local last = now
    for _, lease in ipairs(leases) do last = math.max(last, lease.ends) end
    return last - now
  end,
  write = function(leases)
    local parts = {}
    for at, lease in ipairs(leases) do parts[at] = lease.id .. whole16(lease.ends) end
    return table.concat(parts)
  end
} end

-- The other leases, and whether this holder has one.
local function without(leases, id)
  local others = {}
  for _, lease in ipairs(leases) do
    if lease.id ~= id then others[#others + 1] = lease end
  end
  return others, #others < #leases
end
