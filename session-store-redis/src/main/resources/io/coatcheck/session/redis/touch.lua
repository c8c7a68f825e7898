-- Moves the last-seen moment of a session forward, never back. SETRANGE keeps the backstop of the
-- key, and the index by expiry stays as it is: the clean-up looks at the record itself.
--   KEYS  1 the record
--   ARGV  1 last seen at, as a number  2 the same as 8 bytes  3 now
-- Returns whether the session exists and is not expired: 1 or 0; -1 if a newer release wrote it, which
-- is no error: a batch has other sessions.
local head = redis.call('GETRANGE', KEYS[1], 0, HEAD - 1)
if is_newer(head) then
  return -1
end
if not is_known(head) or expires_at(head) <= tonumber(ARGV[3]) then
  return 0
end
if number(head, 10) < tonumber(ARGV[1]) then
  local moved = redis.pcall('SETRANGE', KEYS[1], 9, ARGV[2])
  if type(moved) == 'table' then
    -- Out of memory, a server refuses a script's first write if that could need memory. ZREM could not,
    -- so it counts as the first one, although a record is no sorted set. No other key may be used.
    redis.pcall('ZREM', KEYS[1], '')
    redis.call('SETRANGE', KEYS[1], 9, ARGV[2])
  end
end
return 1
