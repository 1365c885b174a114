-- Replaces the attributes of one record at one exact version, and nothing else. `is_admitted` judges the right to it by its head.
local function update(key, now, expected, operation, body_text, not_after, is_admitted)
  local now_ms = math.floor(now / 1000)
  local head = read_head(key, 4096)
  if head == nil then return { MISSING, now } end
  local body = head and find_body(head.text, head.rest)
  if not body then return { CORRUPT, now } end
  local clashes = head.version ~= expected
  -- An earlier copy of this very call, possibly with a rotation after it, and however late.
  if clashes and was_applied(head.operations, operation) then return { REPLAYED, now, string.sub(head.text, 1, head.rest - 1) } end
  if not is_admitted(head, now_ms) then return { WRONG_SECRET, now } end
  if clashes then return { CLASH, now, head.version } end
  if now > not_after then return { LATE, now } end
  local ttl = time_to_live(head.idle, head.slack, head.absolute, now_ms)
  if ttl <= 0 then return { MISSING, now } end
  -- The stored head goes on, never the caller's copy: that would undo a rotation, an extension or a touch in between.
  local written = write_head(head, now_ms, head.version + 1, push_operation(head.operations, operation), head.verifier)
  if head.previous and head.until_ms > now_ms then written = written .. write_previous(head.previous, head.until_ms) end
  redis.call('SET', key, written .. string.sub(head.text, head.rest, body - 1) .. body_text, 'PX', ttl)
  return { DONE, now, written }
end
