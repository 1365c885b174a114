-- Replaces the attributes of one record at one exact version, and nothing else: what to answer, or nil and its head. `offered`: nothing where the caller proved its right to
-- the record that it read.
local function update(key, now, expected, operation, fields, not_after, offered)
  local now_ms = math.floor(now / 1000)
  local text = try('GETRANGE', key, 0, 4095)
  if text == '' then return { MISSING, now } end
  local idle, slack, version, absolute = numbers_of(text)
  if not idle then return { CORRUPT, now } end
  local rest, _, until_ms = previous_of(text)
  local body = find_body(text, rest)
  if not body then return { CORRUPT, now } end
  local clashes = version ~= expected
  -- An earlier copy of this very call, possibly with a rotation after it, and however late.
  if clashes and was_applied(operations_of(text), operation) then return { REPLAYED, now, string.sub(text, 1, rest - 1) } end
  if offered ~= '' and not admit(text, now_ms, offered) then return { WRONG_SECRET, now } end
  if clashes then return { CLASH, now, version } end
  if now > not_after then return { LATE, now } end
  local ttl = time_to_live(idle, slack, absolute, now_ms)
  if ttl <= 0 then return { MISSING, now } end
  -- The stored head goes on, never the caller's copy: that would undo a rotation, an extension or a touch in between.
  local head = write_head(text, now_ms, version + 1, push_operation(operations_of(text), operation), verifier_of(text), authenticated_of(text))
  if until_ms and until_ms > now_ms then head = head .. string.sub(text, 172, rest - 1) end
  redis.call('SET', key, head .. string.sub(text, rest, body - 1) .. fields, 'PX', ttl)
  return nil, head
end
