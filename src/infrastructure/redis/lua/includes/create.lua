local PAGE = 500
local NO_OPERATIONS = '------------------------'

-- Whether something was written for the session at hand that is not to be done twice.
local has_written = false

-- One page of a list, the oldest first: what counts, and what may be forgotten.
local function look(index, prefix, terms, from, to, count)
  local instant = terms.now - terms.memory
  local members = redis.call('ZRANGE', index, from, to, 'BYSCORE', 'LIMIT', 0, count, 'WITHSCORES')
  local page = { size = #members / 2, alive = {}, dead = {}, last = '', oldest = '' }
  for at = 1, #members, 2 do
    local member, is_old = members[at], tonumber(members[at + 1]) < instant
    page.last = members[at + 1]
    local text = try('GETRANGE', prefix .. member, 0, 170)
    if text == '' then
      if is_old then page.dead[#page.dead + 1] = member end
    elseif member ~= terms.replaces and numbers_of(text) and tonumber(authenticated_of(text)) then
      if #page.alive == 0 then page.oldest = page.last end
      page.alive[#page.alive + 1] = { id = member, old = is_old }
    end
  end
  return page
end

local function evict(index, prefix, members)
  local gone, ids = {}, {}
  for at, member in ipairs(members) do
    redis.call('UNLINK', prefix .. member.id)
    has_written = true
    ids[at] = member.id
    if member.old then gone[#gone + 1] = member.id end
  end
  if #gone > 0 then redis.call('ZREM', index, unpack(gone)) end
  return unpack(ids)
end

-- At the limit: what to answer, or nil, and then what may be forgotten of the list, and whom to evict. `before`: what the pages before came to.
local function make_room(index, prefix, terms, before)
  local now = terms.now
  local cursor, counted, oldest, till = before.cursor, before.counted, before.oldest, before.till
  local page = look(index, prefix, terms, cursor == '' and '-inf' or '(' .. cursor, '+inf', PAGE)
  if oldest == '' then
    oldest, till = page.oldest, page.last
  else
    counted = counted + #page.alive
  end
  if page.size == PAGE then
    if #page.dead > 0 then redis.call('ZREM', index, unpack(page.dead)) end
    return { MORE, now, page.last, counted, oldest, till }
  end
  -- Others evict from the oldest on, and may have done so since that page was counted: it is looked at again, in this same step.
  local first = before.oldest == '' and page.alive or look(index, prefix, terms, oldest, till, PAGE).alive
  local surplus, evicted = counted + #first + 1 - terms.limit, {}
  if surplus > 0 then
    if terms.rejects then return { FULL, now } end
    for at = 1, math.min(surplus, #first) do evicted[at] = first[at] end
  end
  if surplus <= #evicted then return nil, page.dead, evicted end
  -- Far over a limit that was lowered: room is made first, page by page, and nothing is created yet. The next page with sessions that count
  -- becomes the oldest, and only the last page is looked at again.
  local following = { last = before.till }
  repeat following = look(index, prefix, terms, '(' .. following.last, cursor, PAGE) until #following.alive > 0 or following.size < PAGE
  local left = #following.alive > 0 and before.counted - #following.alive or 0
  return { MORE, now, cursor, left, following.oldest, following.last, evict(index, prefix, evicted) }
end

-- What an earlier copy of this very call left, if anything. A rotation since has made its secret worthless.
local function earlier(session, verifier, now)
  local existing = redis.call('GET', session)
  if not existing then return nil end
  if string.sub(existing, 133, 154) ~= verifier then return { ENDED, now } end
  return { REPLAYED, now, existing }
end

-- What holds for a session to be opened, and what follows from that at this moment. It is the same for nearly all that are opened together: read once, it is
-- not read again for the next, and most of a head is not written anew. With spaces between: 2 where the session has a list, else 1; the list's memory, the age
-- in µs from which a member without a session may leave it; idle timeout and slack in ms; the absolute timeout in ms from now; the limit, 0 for none;
-- 'evict-oldest' or 'reject'; the time of authentication in ms, 'now', or 'never', and then the session does not count; the id of
-- the session that this one takes the place of, which does not count either, or '-'.
local function terms_of(text, now)
  local now_ms = math.floor(now / 1000)
  local keys, memory, idle, slack, absolute, limit, on_limit, authenticated, replaces =
    string.match(text, '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$')
  local ends = now_ms + tonumber(absolute)
  local ttl = math.max(1, time_to_live(tonumber(idle), tonumber(slack), ends, now_ms))
  return {
    now = now,
    is_listed = keys == '2',
    memory = tonumber(memory),
    limit = tonumber(limit),
    rejects = on_limit == 'reject',
    replaces = replaces,
    absolute = ends,
    ttl = string.format('%.0f', ttl),
    head = string.format('{"lastAccessedAt":%13.0f,"head":[%11.0f,%8.0f,1,        1,%13.0f,', now_ms, idle, slack, ends),
    created = string.format('%16.0f', now),
    authenticated = authenticated == 'never' and '         null' or string.format('%13.0f', authenticated == 'now' and now_ms or authenticated)
  }
end

-- The records of a user lie in one slot, under one prefix.
local function prefix_of(session) return string.sub(session, 1, -23) end

-- Opens one session at its terms, and lists it where there is a list: what to answer, or nil, and then when it was created, and nobody had to go for it.
-- `before`: what the pages before came to, at the limit.
local function create(session, index, terms, not_after, verifier, fields, before)
  local now, memory, limit = terms.now, terms.memory, terms.limit
  local id = string.sub(session, -22)

  local listed, is_all = oldest_of(index)
  local is_below = not index or limit == 0 or (is_all and #listed / 2 or redis.call('ZCARD', index)) < limit
  local is_known, is_late = index and is_listed(listed, is_all, index, id), now > not_after
  if is_known or is_late or not is_below then
    local answer = earlier(session, verifier, now)
    if answer then return answer end
  end
  -- The list remembers what existed: a late copy must not bring back what was signed out since.
  if is_known then return { ENDED, now } end
  if is_late then return { LATE, now } end

  local dead, evicted
  if not is_below then
    local answer
    answer, dead, evicted = make_room(index, prefix_of(session), terms, before)
    if answer then return answer end
  elseif #listed > 0 and #listed % 8 == 0 then
    -- Only where four are listed, or eight: each look finds keys that no cache holds, and what three creations leave behind in a list is little.
    dead = forgettable(listed, prefix_of(session), now - memory)
  end

  -- Where the clock was set back, this is ahead of it: the list has to remember the session until the last copy of this call is late.
  local created = index and math.max(now, not_after - memory) or now
  local top = listed[#listed]
  if not is_all then top = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')[2] end
  if top then created = math.max(created, math.floor(tonumber(top)) + 1) end
  local written = created == now and terms.created or string.format('%16.0f', created)
  local record = terms.head .. written .. ',"' .. NO_OPERATIONS .. '","' .. verifier .. '",' .. terms.authenticated .. '],' .. fields
  -- An earlier copy that no list knows of is found here, before anything is written.
  if not redis.call('SET', session, record, 'NX', 'PX', terms.ttl) then return earlier(session, verifier, now) end
  has_written = true
  if index then
    redis.call('ZADD', index, created, id)
    local kept_until = math.max(terms.absolute, math.ceil(created / 1000))
    if top then keep_longer(index, kept_until, memory) else redis.call('PEXPIREAT', index, index_end(kept_until, memory)) end
    if dead and #dead > 0 then redis.call('ZREM', index, unpack(dead)) end
  end
  if not evicted or #evicted == 0 then return nil, created end
  return { DONE, now, created, evict(index, prefix_of(session), evicted) }
end
