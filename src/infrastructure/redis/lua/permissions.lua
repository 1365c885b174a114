#!lua flags=no-writes,allow-stale
--[[
  does      tells which of the commands that this library sends or runs in scripts the server's user may not use on its keys
  keys      none
  args      1 session      the name of a record
            2 index        the name of a user's list
            3 wait         the command with which durability waits; empty: none
            4 mark         the key that is written before each wait
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
  needed[#needed + 1] = { ARGV[3], '0', '0', '0' }
  needed[#needed + 1] = { 'SET', ARGV[4], '' }
end
local denied = {}
for _, command in ipairs(needed) do
  local known, allowed = pcall(redis.acl_check_cmd, unpack(command))
  if not (known and allowed) then denied[#denied + 1] = command[1] end
end
return denied
