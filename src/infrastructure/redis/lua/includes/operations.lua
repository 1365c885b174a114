-- The last four changes of the version, six characters each, the newest first: by them a change that arrives twice is known.
local function was_applied(operations, operation)
  for at = 1, 19, 6 do
    if string.sub(operations, at, at + 5) == operation then return true end
  end
  return false
end

local function push_operation(operations, operation)
  return operation .. string.sub(operations, 1, 18)
end
