#!lua
-- Makes or changes a silence, and forgets those that ended long ago.
--
-- KEYS: 1 silences by id, 2 ids by revision, 3 ids by end, 4 ids of the author's by end.
-- ARGV: 1 id, 2 StoredSilence, 3 end (milliseconds), 4 the StoredSilence that must be there ("":
--       none), 5 quota of the author, 6 quota of all, 7 milliseconds for which an ended one is kept.
-- A revision is later than all before and, as far as the clock allows, the time in milliseconds:
-- whoever has seen one finds all that changed since.
-- Returns: {0} done; {1, StoredSilence} another is there; {2} the author has as many as it may have;
--       {3} there are as many as there may be; {4} there is none; {5} a key has a wrong type.

local silences, revisions, ends, own = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, bytes, ends_at, expected = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local now_text = string.format('%.0f', now)
local found = redis.pcall('HGET', silences, id)
local newest = redis.pcall('ZREVRANGEBYSCORE', revisions, '+inf', '-inf', 'WITHSCORES',
                           'LIMIT', '0', '1')
local active = redis.pcall('ZCOUNT', ends, '(' .. now_text, '+inf')
local owned = redis.pcall('ZCOUNT', own, '(' .. now_text, '+inf')
local old = redis.pcall('ZRANGEBYSCORE', ends, '-inf',
                        string.format('%.0f', now - tonumber(ARGV[7])), 'LIMIT', '0', '100')
if (type(found) == 'table' and found.err) or newest.err or type(active) ~= 'number' or
   type(owned) ~= 'number' or old.err then
  return {5}
end

if expected == '' then
  if found then return {1, found} end
  if owned >= tonumber(ARGV[5]) then return {2} end
  if active >= tonumber(ARGV[6]) then return {3} end
elseif not found then
  return {4}
elseif found ~= expected then
  return {1, found}
end

local revision = math.max(now, tonumber(newest[2] or '0') + 1)
redis.call('HSET', silences, id, bytes)
redis.call('ZADD', revisions, string.format('%.0f', revision), id)
redis.call('ZADD', ends, ends_at, id)
redis.call('ZREMRANGEBYSCORE', own, '-inf', '(' .. now_text)
redis.call('ZADD', own, ends_at, id)
for _, gone in ipairs(old) do
  if gone ~= id then
    redis.call('HDEL', silences, gone)
    redis.call('ZREM', revisions, gone)
    redis.call('ZREM', ends, gone)
  end
end
return {0}
