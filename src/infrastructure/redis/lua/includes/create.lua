local PAGE = 500
-- Opens one session: the keys and the arguments of session-create, by whose names they go here. `now`: µs.
local function create(KEYS, ARGV, now)
  local session, index = KEYS[1], KEYS[2]
  local id, memory, limit = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[12])
  local now_ms = math.floor(now / 1000)

  -- An earlier copy of this very call? A rotation since has made its secret worthless.
  local existing = redis.call('GET', session)
  if existing then
    if string.sub(existing, 133, 154) ~= ARGV[7] then return { ENDED, whole(now) } end
    return { REPLAYED, whole(now), existing }
  end
  local listed, is_all = oldest_of(index)
  -- The list remembers what existed: a late copy must not bring back what was signed out since.
  if index and is_listed(listed, is_all, index, id) then return { ENDED, whole(now) } end
  if now > tonumber(ARGV[2]) then return { LATE, whole(now) } end

  -- The records of a user lie in the slot of KEYS[1], under its prefix.
  local prefix = string.sub(session, 1, #session - #id)

  -- One page of the list, the oldest first: what counts, and what may be forgotten.
  local function look(from, to, count)
    local members = redis.call('ZRANGE', index, from, to, 'BYSCORE', 'LIMIT', 0, count, 'WITHSCORES')
    local page = { size = #members / 2, alive = {}, dead = {}, last = '', oldest = '' }
    for at = 1, #members, 2 do
      local member, score = members[at], tonumber(members[at + 1])
      page.last = members[at + 1]
      local head = read_head(prefix .. member, 171)
      if head == nil then
        if score + memory < now then page.dead[#page.dead + 1] = member end
      elseif head and tonumber(head.authenticated) then
        if #page.alive == 0 then page.oldest = page.last end
        page.alive[#page.alive + 1] = { id = member, old = score + memory < now }
      end
    end
    return page
  end

  local dead, evicted, surplus = {}, {}, 0
  if index then
    if limit == 0 or (is_all and #listed / 2 or redis.call('ZCARD', index)) < limit then
      dead = forgettable(listed, prefix, now - memory)
    else
      local page = look(ARGV[14] == '' and '-inf' or '(' .. ARGV[14], '+inf', PAGE)
      dead = page.dead
      local counted, oldest, till = tonumber(ARGV[15]), ARGV[16], ARGV[17]
      if oldest == '' then
        oldest, till = page.oldest, page.last
      else
        counted = counted + #page.alive
      end
      if page.size == PAGE then
        if #dead > 0 then redis.call('ZREM', index, unpack(dead)) end
        return { MORE, whole(now), page.last, counted, oldest, till }
      end
      -- Others evict from the oldest on, and may have done so since that page was counted: it is looked at again, in this same step.
      local first = ARGV[16] == '' and page.alive or look(oldest, till, PAGE).alive
      surplus = counted + #first + 1 - limit
      if surplus > 0 then
        if ARGV[13] == 'reject' then return { FULL, whole(now) } end
        for at = 1, math.min(surplus, #first) do evicted[at] = first[at] end
      end
    end
  end

  local function evict()
    local gone, ids = {}, {}
    for at, member in ipairs(evicted) do
      redis.call('UNLINK', prefix .. member.id)
      ids[at] = member.id
      if member.old then gone[#gone + 1] = member.id end
    end
    if #gone > 0 then redis.call('ZREM', index, unpack(gone)) end
    return ids
  end

  -- Far over a limit that was lowered: room is made first, page by page, and nothing is created yet. The next page with sessions that count
  -- becomes the oldest, and only the last page is looked at again.
  if surplus > #evicted then
    local following = { last = ARGV[17] }
    repeat following = look('(' .. following.last, ARGV[14], PAGE) until #following.alive > 0 or following.size < PAGE
    local left = #following.alive > 0 and tonumber(ARGV[15]) - #following.alive or 0
    return { MORE, whole(now), ARGV[14], left, following.oldest, following.last, unpack(evict()) }
  end

  -- Where the clock was set back, this is ahead of it: the list has to remember the session until the last copy of this call is late.
  local created = index and math.max(now, tonumber(ARGV[2]) - memory) or now
  if index then
    local top = listed[#listed]
    if not is_all then top = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')[2] end
    if top then created = math.max(created, tonumber(top) + 1) end
  end
  local authenticated = ARGV[9] == 'now' and now_ms or tonumber(ARGV[9])
  local head = {
    idle = tonumber(ARGV[4]),
    slack = tonumber(ARGV[5]),
    absolute = now_ms + tonumber(ARGV[6]),
    created = created,
    authenticated = string.format('%13s', authenticated and whole(authenticated) or 'null')
  }
  local written = write_head(head, now_ms, 1, ARGV[8], ARGV[7])
  redis.call('SET', session, written .. ARGV[10] .. ARGV[11], 'PX', whole(math.max(1, time_to_live(head.idle, head.slack, head.absolute, now_ms))))
  if index then
    redis.call('ZADD', index, whole(created), id)
    keep_index(index, math.max(head.absolute, math.ceil(created / 1000)), memory)
    if #dead > 0 then redis.call('ZREM', index, unpack(dead)) end
  end
  return { DONE, whole(now), written, unpack(evict()) }
end
