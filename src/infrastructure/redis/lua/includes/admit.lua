local function is_offered(verifier, first)
  for index = first, #ARGV do
    if ARGV[index] == verifier then return true end
  end
  return false
end

-- Whether one of the arguments from `first` on is the record's current verifier, or the one before while its grace lasts.
local function admit(head, now_ms, first)
  if is_offered(head.verifier, first) then return 'current' end
  if head.previous and head.until_ms > now_ms and is_offered(head.previous, first) then return 'grace' end
  return false
end
