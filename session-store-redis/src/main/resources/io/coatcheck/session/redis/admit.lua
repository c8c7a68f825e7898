-- Stores the session of a login within a limit of live sessions of its principal.
--   KEYS  1 the record  2 the index by expiry  3 what the keys of the index by principal begin with
--         4 what the keys of records begin with  5 the log of changes
--   ARGV  1 id  2 record, of a new session or with the next version  3 '1' if it is new
--         4 expected version of one that is not  5 now  6 '0' if there is no next version
--         7 limit  8 '1' to end the oldest sessions, '0' to refuse the login  9 the most to end
-- Returns the outcome, then the records of the sessions that were ended, oldest first:
--   STORED, CONFLICT, REFUSED, CROWDED, EXISTS (the id of a new one exists), LAST (no next version)
local now, limit, is_new = tonumber(ARGV[5]), tonumber(ARGV[7]), ARGV[3] == '1'
local record, before, has_new_secret = ARGV[2], nil, false
if is_new then
  if redis.call('EXISTS', KEYS[1]) == 1 then
    return {'EXISTS'}
  end
else
  local head = head_of(KEYS[1])
  if not head or head:sub(2, 9) ~= ARGV[4] or expires_at(head) <= now then
    require_primary(KEYS[2])
    return {'CONFLICT'}
  end
  if ARGV[6] == '0' then
    return {'LAST'}
  end
  before = principal_at(KEYS[1], head)
  has_new_secret = head:sub(34, 41) ~= record:sub(34, 41)
  if number(head, 10) > number(record, 10) then
    record = record:sub(1, 9) .. head:sub(10, 17) .. record:sub(18)
  end
end

-- The other live sessions of the principal, in the order of their ids.
local live, gone, from = {}, {}, '-'
local most = ARGV[8] == '1' and limit - 1 + tonumber(ARGV[9]) or limit - 1
local principal = KEYS[3] .. principal_in(record)
-- Removes the ids whose records are gone, or each later login would look at them again. Not before the
-- login is stored or refused: out of memory, a server refuses only a first write. No more than 1,000, so
-- that the server is not held up: the next logins remove the rest.
local function forget_gone()
  for _, id in ipairs(gone) do
    if record_gone(KEYS[5], id) then
      redis.call('ZREM', principal, id)
    end
  end
end
repeat
  local ids = redis.call('ZRANGEBYLEX', principal, from, '+', 'LIMIT', 0, 1000)
  for _, id in ipairs(ids) do
    from = '(' .. id
    if id ~= ARGV[1] then
      local head = head_of(KEYS[4] .. id)
      if head and expires_at(head) > now then
        live[#live + 1] = {id = id, order = #live, authenticated_at = number(head, 42)}
      elseif not head and #gone < 1000 and redis.call('EXISTS', KEYS[4] .. id) == 0 then
        gone[#gone + 1] = id
      end
    end
  end
  if #live > most then
    require_primary(KEYS[2])
    forget_gone()
    return {ARGV[8] == '1' and 'CROWDED' or 'REFUSED'}
  end
until #ids < 1000

table.sort(live, function(one, other)
  if one.authenticated_at ~= other.authenticated_at then
    return one.authenticated_at < other.authenticated_at
  end
  return one.order < other.order
end)
-- Recorded and stored first: if the server is out of memory, or the log cannot be written, no session
-- ends for a login that fails.
local surplus = #live - limit + 1
if not is_new then
  record_change(KEYS[5], ARGV[1])
end
for place = 1, surplus do
  record_change(KEYS[5], live[place].id)
end
put(KEYS[1], KEYS[2], KEYS[3], ARGV[1], record, before, now)
if has_new_secret then
  announce(KEYS[5])
end
forget_gone()
local answer = {'STORED'}
for place = 1, surplus do
  local id = live[place].id
  local ended = redis.call('GET', KEYS[4] .. id)
  forget(KEYS[4] .. id, KEYS[2], KEYS[3], id, principal_in(ended))
  announce(KEYS[5])
  answer[#answer + 1] = ended
end
return answer
