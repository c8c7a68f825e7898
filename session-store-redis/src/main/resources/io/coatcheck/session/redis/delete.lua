-- Deletes a session, whatever its state.
--   KEYS  1 the record  2 the index by expiry  3 what the keys of the index by principal begin with
--         4 the log of changes  5 a mark, written if nothing is deleted; left out for none
--   ARGV  1 id  2 the generation that it must have, as 8 bytes; empty for any
-- Returns the record as it was, or nothing.
local record = redis.call('GET', KEYS[1])
if not record then
  require_primary(KEYS[2], KEYS[5])
  -- If the id is still listed, its end is in no log: the record was deleted when the log could not be
  -- written, or the server has dropped it. Another node may have a copy. An INCR by 0 changes nothing,
  -- and answers nothing for an id that is not listed.
  if redis.call('ZADD', KEYS[2], 'XX', 'INCR', 0, ARGV[1]) then
    record_change(KEYS[4], ARGV[1])
    announce(KEYS[4])
    unlist(KEYS[2], KEYS[3], ARGV[1], nil)
  end
  return false
end
if not is_known(record:sub(1, HEAD)) then
  if ARGV[2] ~= '' and is_newer(record) then
    error('COATCHECK-LAYOUT')
  end
  forget(KEYS[1], KEYS[2], KEYS[3], ARGV[1], nil, KEYS[4])
  return record
end
if ARGV[2] ~= '' and record:sub(34, 41) ~= ARGV[2] then
  require_primary(KEYS[2], KEYS[5])
  return false
end
forget(KEYS[1], KEYS[2], KEYS[3], ARGV[1], principal_in(record), KEYS[4])
return record
