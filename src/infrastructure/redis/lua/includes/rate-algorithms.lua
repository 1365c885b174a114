-- Sixteen digits: a time in µs.
local function whole16(number) return string.format('%016.0f', number) end

-- By the letter that begins a record, made when they are needed: a script pays for each function that it makes. Each reads the marks behind a
-- record's head, as they count now, and then goes on from what it read. `settle` also says whether that counts for longer than it can, since the clock
-- was set back. src/domain/rate-limit says the same, one file an algorithm.
local make, made = {}, {}
local function algorithm_of(letter)
  made[letter] = made[letter] or make[letter]()
  return made[letter]
end
