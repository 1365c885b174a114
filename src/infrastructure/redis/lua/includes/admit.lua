-- The verifiers that an offered secret may be stored under are one argument, a space around each.
local function is_offered(verifier, offered) return string.find(offered, ' ' .. verifier .. ' ', 1, true) end

-- Whether one of them is the record's current verifier, or the one before while its grace lasts.
local function admit(text, now_ms, offered)
  if is_offered(verifier_of(text), offered) then return 'current' end
  local _, previous, until_ms = previous_of(text)
  if previous and until_ms > now_ms and is_offered(previous, offered) then return 'grace' end
  return false
end
