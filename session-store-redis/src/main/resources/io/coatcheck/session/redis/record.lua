-- What every script begins with: how a record is read, stored and removed.
--
-- A record is one string. Its head has the parts that scripts compare or move; the rest is opaque
-- to them. All numbers are big-endian; moments are milliseconds since 1970, -1 stands for none.
--    byte  1      layout: 1
--    byte  2- 9   version             compared as 8 bytes: it may be beyond what a Lua number holds
--    byte 10-17   last seen at        the only part that a touch moves
--    byte 18-25   idle timeout, or -1
--    byte 26-33   absolute deadline
--    byte 34-41   generation          compared as 8 bytes
--    byte 42-49   authenticated at, or -1
--    byte 50-53   where the attributes begin, counted from 0
--    byte 54-57   length of the record
--    byte 58-59   length of the principal, 0 for none
--    byte 60-     principal, then the session as StoredSessionCodec writes it
local HEAD = 59
local DAY = 86400000

-- Whether a newer release wrote a record, whose layout is not known here.
local function is_newer(head)
  return #head > 0 and head:byte(1) > 1
end

-- Whether a head is whole, and of the layout above.
local function is_known(head)
  return #head == HEAD and head:byte(1) == 1
end

-- The head of the record at a key, or nil if there is none, or only a damaged one.
local function head_of(key)
  local head = redis.call('GETRANGE', key, 0, HEAD - 1)
  if is_newer(head) then
    error('COATCHECK-LAYOUT')
  end
  if not is_known(head) then
    return nil
  end
  return head
end

-- The number at a byte of a record.
local function number(record, at)
  return (struct.unpack('>i8', record, at))
end

-- When a record expires: last seen plus idle timeout, or the deadline if that is earlier.
local function expires_at(head)
  local idle, deadline = number(head, 18), number(head, 26)
  if idle < 0 then
    return deadline
  end
  return math.min(number(head, 10) + idle, deadline)
end

-- The principal of a record that was read whole, or nil.
local function principal_in(record)
  local length = struct.unpack('>I2', record, 58)
  if length == 0 then
    return nil
  end
  return record:sub(HEAD + 1, HEAD + length)
end

-- The principal of the record at a key whose head was read, or nil.
local function principal_at(key, head)
  local length = struct.unpack('>I2', head, 58)
  if length == 0 then
    return nil
  end
  return redis.call('GETRANGE', key, HEAD, HEAD + length - 1)
end

-- The bytes of a record up to its attributes; none if the record was cut off.
local function without_attributes(key, head)
  local attributes, length = struct.unpack('>I4I4', head, 50)
  if redis.call('STRLEN', key) ~= length then
    return ''
  end
  return redis.call('GETRANGE', key, 0, attributes - 1)
end

-- Adds an id to the index of a principal, which is to stay for as long as a record. Without its
-- record, an id is only found by what reads that index, which may be nothing: so it expires, with the
-- last of its records. An index that does not expire is left so.
local function add(index, id, backstop)
  local left = redis.call('PTTL', index)
  redis.call('ZADD', index, 0, id)
  if left ~= -1 and left < backstop then
    redis.call('PEXPIRE', index, backstop)
  end
end

-- Stores a record, and moves it in the indexes. The indexes come first: if the server is out of
-- memory or a key has a wrong type, the record stays as it was.
local function put(key, expiry, principals, id, record, before, now)
  -- Only a backstop: no session lives that long. A key that Redis expires ends a session without an event.
  local backstop = math.max(number(record, 26) - now, 0) + DAY
  redis.call('ZADD', expiry, expires_at(record), id)
  local principal = principal_in(record)
  if principal then
    add(principals .. principal, id, backstop)
  end
  redis.call('SET', key, record, 'PX', backstop)
  if before and before ~= principal then
    redis.call('ZREM', principals .. before, id)
  end
end

-- Records that a session was updated or deleted, for the copies on all nodes. The log keeps about
-- the last 100,000 changes.
local function record_change(changes, id)
  redis.call('XADD', changes, 'MAXLEN', '~', 100000, '*', 'i', id)
end

-- Makes the nodes read the log at once, because a session has ended or has a new secret. The message is
-- empty; one is enough for a script, since they then read all its changes. The channel has the name of
-- the log. If the server refuses it to the user, no script fails: the nodes read the log a little later.
local is_announced = false
local function announce(changes)
  if not is_announced then
    is_announced = true
    redis.pcall('PUBLISH', changes, '')
  end
end

-- Records the end of a session whose record is gone, before its id is removed from an index. It may be in
-- no log: the record was deleted when the log could not be written, or the server has dropped it. Another
-- node may have a copy, and a later sign-out does not find the id any more. Returns whether it is recorded;
-- if not, the id stays, and the caller does its own work all the same. What fails once is not tried again
-- for each of many ids.
local can_record = true
local function record_gone(changes, id)
  can_record = can_record and pcall(record_change, changes, id)
  return can_record
end

-- Fails on a replica, by a write that changes nothing. A script that found nothing to change calls it
-- before it says so: what a replica does not have may be on its primary. With a mark, it writes that:
-- a write that changes nothing is not sent to replicas, so a WAIT after it is about no write.
local function require_primary(expiry, mark)
  redis.call('ZREM', expiry, '')
  if mark then
    redis.call('SET', mark, '')
  end
end

-- Removes the id of a record that is gone from the indexes. If another program has written a key of
-- another type in place of that of a principal, the id is not in it.
local function unlist(expiry, principals, id, principal)
  redis.call('ZREM', expiry, id)
  if principal then
    redis.pcall('ZREM', principals .. principal, id)
  end
end

-- Removes a record, and its id from the indexes. The record goes first: no failure leaves it live. The
-- change comes next, so that it is recorded even if an index cannot be written; expiry has no changes.
local function forget(key, expiry, principals, id, principal, changes)
  redis.call('DEL', key)
  if changes then
    record_change(changes, id)
    announce(changes)
  end
  unlist(expiry, principals, id, principal)
end
