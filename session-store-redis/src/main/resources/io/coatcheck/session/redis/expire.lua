-- One step of the clean-up: deletes what is expired, and moves what is in use further back.
--   KEYS  1 the index by expiry  2 what the keys of records begin with
--         3 what the keys of the index by principal begin with  4 the log of changes
--   ARGV  1 cutoff  2 the most sessions to look at  3 the bytes of records after which to stop
-- Returns how many sessions were looked at, then the deleted records.
local cutoff = tonumber(ARGV[1])
local looked_at, bytes, answer = 0, 0, {0}
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
if #ids > 0 then
  -- Out of memory, a server refuses a script's first write if that could need memory, as ZADD could.
  -- After a write that could not, it refuses none.
  require_primary(KEYS[1])
end
for _, id in ipairs(ids) do
  local key = KEYS[2] .. id
  local head = redis.pcall('GETRANGE', key, 0, HEAD - 1)
  if type(head) == 'table' or is_newer(head) then
    -- A newer release wrote it, and knows when it ends; or another program did, in another type.
    redis.call('ZADD', KEYS[1], cutoff + DAY, id)
  elseif not is_known(head) then
    redis.call('DEL', key)
    if record_gone(KEYS[4], id) then
      unlist(KEYS[1], KEYS[3], id, nil)
    else
      redis.call('ZADD', KEYS[1], cutoff + DAY, id)
    end
  elseif expires_at(head) > cutoff then
    redis.call('ZADD', KEYS[1], expires_at(head), id)
  else
    local record = redis.call('GET', key)
    forget(key, KEYS[1], KEYS[3], id, principal_in(record))
    answer[#answer + 1] = record
    bytes = bytes + #record
  end
  looked_at = looked_at + 1
  if bytes >= tonumber(ARGV[3]) then
    break
  end
end
answer[1] = looked_at
return answer
