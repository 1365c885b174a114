-- Whether one of the arguments from `first` on is the record's current verifier, or the one before while its grace lasts.
local function admit(head, now_ms, first)
  local admission = false
  for index = first, #ARGV do
    if ARGV[index] == head.verifier then return 'current' end
    if head.previous and ARGV[index] == head.previous and head.until_ms > now_ms then admission = 'grace' end
  end
  return admission
end
