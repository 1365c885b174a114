-- Where the body begins. The marker cannot stand inside a JSON string, where its quotes would be escaped.
local function find_body(text, from)
  return string.find(text, '"body":["', from, true)
end

-- The head of a record written anew: what no argument names stays as it lies there. Every field keeps its width.
local function write_head(text, now_ms, version, operations, verifier, authenticated)
  return string.format('{"lastAccessedAt":%13.0f', now_ms) .. string.sub(text, 32, 63) .. string.format('%9.0f', version)
    .. string.sub(text, 73, 105) .. operations .. '","' .. verifier .. '",' .. authenticated .. '],'
end

local function write_previous(verifier, until_ms)
  return string.format('"previous":"%s","until":%13.0f,', verifier, until_ms)
end
