-- Ends one session, by its secret or by its owner: what to answer, or nil and the record as far as its body. `owner`, `newest` and `version`: nothing for any.
local function delete(key, now, owner, newest, expected, offered)
  local text = try('GETRANGE', key, 0, 4095)
  if text == '' then
    -- An empty value reads like none, and would stay for ever.
    if expected ~= '' or redis.call('UNLINK', key) == 0 then return { MISSING, now } end
    return nil, ''
  end
  local _, _, version, _, created = numbers_of(text)
  local rest = version and previous_of(text)
  local body = rest and find_body(text, rest)
  local prefix = body and string.sub(text, 1, body - 1) or ''
  if created and newest ~= '' and created > tonumber(newest) then return { MISSING, now } end
  if owner ~= '' then
    if not body then return { CORRUPT, now } end
    local user = string.find(prefix, '"userId":' .. owner .. ',', rest, true)
    if not user and not string.find(prefix, '"pendingUserId":' .. owner .. ',', rest, true) then return { MISSING, now } end
  elseif version then
    if not admit(text, math.floor(now / 1000), offered) then return { WRONG_SECRET, now } end
  else
    -- A newer layout keeps the verifier where it is. What is no record at all opens for nobody, so whoever has its handle may clear it away.
    local verifier = verifier_of_any_layout(text)
    if verifier and not is_offered(verifier, offered) then return { WRONG_SECRET, now } end
  end
  if expected ~= '' then
    if not body then return { CORRUPT, now } end
    if version ~= tonumber(expected) then return { CLASH, now, version } end
  end
  redis.call('UNLINK', key)
  return nil, prefix
end
