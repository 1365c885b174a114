-- Where many sessions share one script, the verifiers offered for each are one argument, a space around each.
local function is_offered(verifier, offered) return string.find(offered, ' ' .. verifier .. ' ', 1, true) end
local function is_admitted(head, now_ms, offered)
  return is_offered(head.verifier, offered) or head.previous and head.until_ms > now_ms and is_offered(head.previous, offered)
end
