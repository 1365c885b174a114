local PAGE = 500

-- One page of a list, the oldest first: what counts, and what may be forgotten.
local function look(index, prefix, instant, from, to, count)
  local members = redis.call('ZRANGE', index, from, to, 'BYSCORE', 'LIMIT', 0, count, 'WITHSCORES')
  local page = { size = #members / 2, alive = {}, dead = {}, last = '', oldest = '' }
  for at = 1, #members, 2 do
    local member, is_old = members[at], tonumber(members[at + 1]) < instant
    page.last = members[at + 1]
    local head = read_head(prefix .. member, 171)
    if head == nil then
      if is_old then page.dead[#page.dead + 1] = member end
    elseif head and tonumber(head.authenticated) then
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
    ids[at] = member.id
    if member.old then gone[#gone + 1] = member.id end
  end
  if #gone > 0 then redis.call('ZREM', index, unpack(gone)) end
  return unpack(ids)
end

-- At the limit: what to answer, or nil, and then what may be forgotten of the list, and whom to evict.
local function make_room(index, prefix, ARGV, now, instant)
  local page = look(index, prefix, instant, ARGV[14] == '' and '-inf' or '(' .. ARGV[14], '+inf', PAGE)
  local counted, oldest, till = tonumber(ARGV[15]), ARGV[16], ARGV[17]
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
  local first = ARGV[16] == '' and page.alive or look(index, prefix, instant, oldest, till, PAGE).alive
  local surplus, evicted = counted + #first + 1 - tonumber(ARGV[12]), {}
  if surplus > 0 then
    if ARGV[13] == 'reject' then return { FULL, now } end
    for at = 1, math.min(surplus, #first) do evicted[at] = first[at] end
  end
  if surplus <= #evicted then return nil, page.dead, evicted end
  -- Far over a limit that was lowered: room is made first, page by page, and nothing is created yet. The next page with sessions that count
  -- becomes the oldest, and only the last page is looked at again.
  local following = { last = ARGV[17] }
  repeat following = look(index, prefix, instant, '(' .. following.last, ARGV[14], PAGE) until #following.alive > 0 or following.size < PAGE
  local left = #following.alive > 0 and tonumber(ARGV[15]) - #following.alive or 0
  return { MORE, now, ARGV[14], left, following.oldest, following.last, evict(index, prefix, evicted) }
end

-- What an earlier copy of this very call left, if anything. A rotation since has made its secret worthless.
local function earlier(session, verifier, now)
  local existing = redis.call('GET', session)
  if not existing then return nil end
  if string.sub(existing, 133, 154) ~= verifier then return { ENDED, now } end
  return { REPLAYED, now, existing }
end

-- Opens one session: the keys and the arguments of session-create, by whose names they go here. `now`: µs.
local function create(KEYS, ARGV, now)
  local session, index = KEYS[1], KEYS[2]
  local id, memory, limit = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[12])
  local now_ms = math.floor(now / 1000)

  local listed, is_all = oldest_of(index)
  local is_below = not index or limit == 0 or (is_all and #listed / 2 or redis.call('ZCARD', index)) < limit
  local is_known, is_late = index and is_listed(listed, is_all, index, id), now > tonumber(ARGV[2])
  if is_known or is_late or not is_below then
    local answer = earlier(session, ARGV[7], now)
    if answer then return answer end
  end
  -- The list remembers what existed: a late copy must not bring back what was signed out since.
  if is_known then return { ENDED, now } end
  if is_late then return { LATE, now } end

  -- The records of a user lie in the slot of KEYS[1], under its prefix.
  local prefix, dead, evicted = string.sub(session, 1, #session - #id)
  if not is_below then
    local answer
    answer, dead, evicted = make_room(index, prefix, ARGV, now, now - memory)
    if answer then return answer end
  elseif #listed > 0 then
    dead = forgettable(listed, prefix, now - memory)
  end

  -- Where the clock was set back, this is ahead of it: the list has to remember the session until the last copy of this call is late.
  local created = index and math.max(now, tonumber(ARGV[2]) - memory) or now
  local top = listed[#listed]
  if not is_all then top = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')[2] end
  if top then created = math.max(created, math.floor(tonumber(top)) + 1) end
  local authenticated = ARGV[9] == 'now' and now_ms or tonumber(ARGV[9])
  local head = {
    idle = tonumber(ARGV[4]),
    slack = tonumber(ARGV[5]),
    absolute = now_ms + tonumber(ARGV[6]),
    created = created,
    authenticated = authenticated and string.format('%13.0f', authenticated) or '         null'
  }
  local written = write_head(head, now_ms, 1, ARGV[8], ARGV[7])
  local ttl = math.max(1, time_to_live(head.idle, head.slack, head.absolute, now_ms))
  -- An earlier copy that no list knows of is found here, before anything is written.
  if not redis.call('SET', session, written .. ARGV[10] .. ARGV[11], 'NX', 'PX', ttl) then return earlier(session, ARGV[7], now) end
  if index then
    redis.call('ZADD', index, created, id)
    local kept_until = math.max(head.absolute, math.ceil(created / 1000))
    if top then keep_longer(index, kept_until, memory) else redis.call('PEXPIREAT', index, index_end(kept_until, memory)) end
    if dead and #dead > 0 then redis.call('ZREM', index, unpack(dead)) end
  end
  if not evicted then return { DONE, now, written } end
  return { DONE, now, written, evict(index, prefix, evicted) }
end
