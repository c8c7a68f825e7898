-- Deletes chosen sessions of a principal.
--   KEYS  1 the index by expiry  2 what the keys of records begin with
--         3 what the keys of the index by principal begin with  4 the log of changes
--         5 a mark, written if nothing is deleted; left out for none
--   ARGV  1 principal  2 '1' if the records are wanted with their attributes
--         3 the bytes of records after which to stop
--         4 the moment at which a session must not be expired; empty to delete those too
--         5, 6 id, and authenticated at as 8 bytes, which must be unchanged; empty for any
--         7, 8 the same of the next session, and so on
-- Returns how many sessions were looked at, then the deleted records.
-- Everything is read before anything is deleted, so that a step which fails has deleted nothing.
-- What cannot be read, because a newer release wrote it, is deleted like the rest.
local looked_at, bytes, answer, chosen = 0, 0, {0}, {}
for at = 5, #ARGV, 2 do
  local id, key = ARGV[at], KEYS[2] .. ARGV[at]
  local record = nil
  local head = redis.call('GETRANGE', key, 0, HEAD - 1)
  if #head > 0 and not is_known(head) then
    if ARGV[at + 1] == '' and ARGV[4] == '' then
      record = redis.call('GET', key)
    end
  elseif #head > 0 and principal_at(key, head) == ARGV[1]
    and (ARGV[at + 1] == '' or head:sub(42, 49) == ARGV[at + 1])
    and (ARGV[4] == '' or expires_at(head) > tonumber(ARGV[4])) then
    record = ARGV[2] == '1' and redis.call('GET', key) or without_attributes(key, head)
  end
  if record then
    answer[#answer + 1] = record
    bytes = bytes + #record
  end
  chosen[#chosen + 1] = {id = id, is_gone = #head == 0, is_ended = record}
  looked_at = looked_at + 1
  if bytes >= tonumber(ARGV[3]) then
    break
  end
end
if #answer == 1 then
  require_primary(KEYS[1], KEYS[5])
end
-- All records go before anything is recorded, and all changes are recorded before an index is written:
-- what cannot be written leaves none of the sessions live, and no end unknown to the other nodes. A
-- record that was gone before is recorded too: it may have been deleted by a step whose log could not be
-- written, or dropped by the server, and another node may have a copy.
for _, session in ipairs(chosen) do
  if session.is_ended then
    redis.call('DEL', KEYS[2] .. session.id)
  end
end
for _, session in ipairs(chosen) do
  if session.is_ended or session.is_gone then
    record_change(KEYS[4], session.id)
    announce(KEYS[4])
  end
end
for _, session in ipairs(chosen) do
  if session.is_ended then
    unlist(KEYS[1], KEYS[3], session.id, ARGV[1])
  elseif session.is_gone then
    redis.call('ZREM', KEYS[3] .. ARGV[1], session.id)
  end
end
answer[1] = looked_at
return answer
