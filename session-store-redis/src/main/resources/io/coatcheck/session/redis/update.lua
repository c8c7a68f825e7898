-- Replaces a session, if its stored version is the expected one and it is not expired.
--   KEYS  1 the record  2 the index by expiry  3 what the keys of the index by principal begin with
--         4 the log of changes
--   ARGV  1 id  2 record, with the next version  3 expected version  4 now
--         5 '0' if there is no next version  6 '0' if the secret must not be a new one
-- Returns 1, 0 if nothing changed, -1 if it would have been stored and there is no next version, or
-- -2 if it would have been stored and has a new secret.
local head = head_of(KEYS[1])
if not head or head:sub(2, 9) ~= ARGV[3] or expires_at(head) <= tonumber(ARGV[4]) then
  require_primary(KEYS[2])
  return 0
end
if ARGV[5] == '0' then
  return -1
end
local record = ARGV[2]
if ARGV[6] == '0' and head:sub(34, 41) ~= record:sub(34, 41) then
  return -2
end
if number(head, 10) > number(record, 10) then
  record = record:sub(1, 9) .. head:sub(10, 17) .. record:sub(18)
end
record_change(KEYS[4], ARGV[1])
put(KEYS[1], KEYS[2], KEYS[3], ARGV[1], record, principal_at(KEYS[1], head), tonumber(ARGV[4]))
if head:sub(34, 41) ~= record:sub(34, 41) then
  announce(KEYS[4])
end
return 1
