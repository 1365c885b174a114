-- Whether a key holds a session as connect-redis writes it: a JSON object with a cookie. Anything else is somebody else's, and stays.
local function holds_session(key)
  local text = try('GET', key)
  return type(text) == 'string' and string.find(text, '^%s*{.*"cookie"%s*:%s*{') ~= nil
end
