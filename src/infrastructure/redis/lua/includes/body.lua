-- Where the body begins. The marker cannot stand inside a JSON string, where its quotes would be escaped.
local function find_body(text, from)
  return string.find(text, '"body":["', from, true)
end

-- A head with fields replaced; every field keeps its width.
local function write_head(head, now_ms, version, operations, verifier)
  return string.format('{"lastAccessedAt":%13.0f,"head":[%11.0f,%8.0f,1,%9.0f,%13.0f,%16.0f,"%s","%s",%s],',
    now_ms, head.idle, head.slack, version, head.absolute, head.created, operations, verifier, head.authenticated)
end

local function write_previous(verifier, until_ms)
  return string.format('"previous":"%s","until":%13.0f,', verifier, until_ms)
end
