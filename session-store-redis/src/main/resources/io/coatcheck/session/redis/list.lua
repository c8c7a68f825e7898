-- Returns a page of the sessions of a principal, in the order of their ids: of each the id, and the
-- record up to its attributes. Removes ids whose records are gone. If they are so many that the page is
-- not full when enough ids were looked at, the last element is where to continue.
--   KEYS  1 the index of the principal  2 what the keys of records begin with  3 the log of changes
--   ARGV  1 where the page begins: '-', or '(' and the last id of the page before
--         2 the most sessions
local MAX_LOOKED_AT = 1000
local page, from, left, looked_at = {}, ARGV[1], tonumber(ARGV[2]), 0
while left > 0 do
  if looked_at >= MAX_LOOKED_AT then
    page[#page + 1] = from
    break
  end
  local ids = redis.call('ZRANGEBYLEX', KEYS[1], from, '+', 'LIMIT', 0, left)
  if #ids == 0 then
    break
  end
  for _, id in ipairs(ids) do
    local head = head_of(KEYS[2] .. id)
    if head then
      page[#page + 1] = id
      page[#page + 1] = without_attributes(KEYS[2] .. id, head)
      left = left - 1
    elseif redis.call('EXISTS', KEYS[2] .. id) == 0 then
      -- Out of memory, a server refuses a script's first write if that could need memory, as XADD could.
      redis.call('ZREM', KEYS[1], '')
      if record_gone(KEYS[3], id) then
        redis.call('ZREM', KEYS[1], id)
      end
    end
    from = '(' .. id
  end
  looked_at = looked_at + #ids
end
return page
