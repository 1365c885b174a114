#!lua flags=no-writes,allow-stale
--[[
  does      tells which of the commands that this library sends or runs in scripts the server's user may not use on its keys
  keys      none
  args      1 session      the name of a record
            2 index        the name of a user's list
            3 wait         the command with which durability waits; empty: none
            4 mark         the key that is written before each wait
            5 probe        the key that the near-cache asks about; empty: none
            6 nodes        "cluster" where the near-cache asks who keeps which slots, or empty
  returns   names of commands
  effects   none
  cost      O(1)
]]
local session, index = ARGV[1], ARGV[2]
local needed = {
  { 'PING' },
  { 'TIME' },
  { 'SCAN', '0' },
  { 'EVALSHA', '', '1', session },
  { 'GET', session },
  { 'MGET', session },
  { 'UNLINK', session },
  { 'EXISTS', session },
  { 'GETRANGE', session, '0', '0' },
  { 'SETRANGE', session, '0', '' },
  { 'SET', session, '' },
  { 'PEXPIRE', session, '1' },
  { 'PEXPIREAT', index, '1' },
  { 'PEXPIRETIME', index },
  { 'ZADD', index, '0', '' },
  { 'ZCARD', index },
  { 'ZRANGE', index, '0', '0' },
  { 'ZREM', index, '' },
  { 'ZSCORE', index, '' },
}
if ARGV[3] ~= '' then
  needed[#needed + 1] = ARGV[3] == 'WAIT' and { 'WAIT', '0', '0' } or { ARGV[3], '0', '0', '0' }
  needed[#needed + 1] = { 'SET', ARGV[4], '' }
end
if ARGV[5] ~= '' then
  needed[#needed + 1] = { 'EXISTS', ARGV[5] }
  needed[#needed + 1] = { 'ROLE' }
  needed[#needed + 1] = { 'CLIENT', 'TRACKING', 'ON' }
  needed[#needed + 1] = { 'CLIENT', 'TRACKINGINFO' }
  if ARGV[6] == 'cluster' then needed[#needed + 1] = { 'CLUSTER', 'SLOTS' } end
end
local denied = {}
for _, command in ipairs(needed) do
  local known, allowed = pcall(redis.acl_check_cmd, unpack(command))
  if not (known and allowed) then
    local name = command[1]
    if name == 'CLIENT' or name == 'CLUSTER' then name = name .. '|' .. command[2] end
    denied[#denied + 1] = name
  end
end
return denied
