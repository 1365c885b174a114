-- Sixteen digits: a time in µs.
local function whole16(number) return string.format('%016.0f', number) end

-- By the letter that begins a record. Each reads the marks behind a record's head, as they count now, and then goes on from what it read.
-- src/domain/rate-limit says the same, one file an algorithm.
local algorithms = {}
