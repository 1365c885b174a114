-- Runs a command on a key that another program may have filled with another type. That error alone is an answer: `{ err = … }`, no text and no number. Every
-- other one ends the script, as `redis.call` does: a right that the server's user has not got would otherwise read as "there is no record".
local function try(...)
  local answer = redis.pcall(...)
  if type(answer) == 'table' and answer.err and string.sub(answer.err, 1, 9) ~= 'WRONGTYPE' then error(answer, 0) end
  return answer
end
