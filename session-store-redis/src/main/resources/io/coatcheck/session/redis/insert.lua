-- Stores a new session; never overwrites.
--   KEYS  1 the record  2 the index by expiry  3 what the keys of the index by principal begin with
--   ARGV  1 id  2 record
-- Returns 1, or 0 if the id exists.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
put(KEYS[1], KEYS[2], KEYS[3], ARGV[1], ARGV[2], nil, number(ARGV[2], 10))
return 1
