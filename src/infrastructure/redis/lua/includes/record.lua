-- What lies under a key of the drop-in stores: 'live' with its version and operations, 'ended', 'none', or 'corrupt'.
local function read_record(key)
  local text = try('GETRANGE', key, 0, 110)
  if type(text) ~= 'string' then return 'corrupt' end
  if text == '' then return redis.call('EXISTS', key) == 1 and 'corrupt' or 'none' end
  if text == '{"ended":1}' then return 'ended' end
  local version = tonumber(string.match(string.sub(text, 14, 22), '^ *(%d+)$'))
  if #text < 111 or string.sub(text, 1, 13) ~= '{"record":[1,' or string.sub(text, 103, 111) ~= '","data":' or not version then return 'corrupt' end
  return 'live', version, string.sub(text, 25, 48)
end
