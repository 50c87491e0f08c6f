#!lua flags=allow-oom
-- Connects to subscriptions and moves their places: one call for all that wait. Each connection has
-- a generation, and only the newest may move the place, so that one that was paused or cut off can
-- do nothing any more. Items do not touch each other.
--
-- KEYS: a subscription for each item.
-- ARGV: 1 milliseconds for which a connection counts as alive, then five for each item:
--       what to do ("keep" or "leave"), "", generation, version that the connection knows,
--       StoredProgress ("": it has not moved); or
--       "attach", StoredConnection, name of the reader ("": it has none), its attempt, "".
-- Returns, for each item: {0, generation, version, StoredSubscription, StoredProgress} attached;
--       {0} kept or left; {1} a newer connection has taken over (of attach: a later attempt of the
--       same reader), nothing was changed; {2} the subscription has another version: the place stays,
--       since by the new conditions what it would move over may be to be told; {3} there is none;
--       {4} the key has a wrong type; {5} of attach: it is shared.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local alive_until = string.format('%.0f', now + tonumber(ARGV[1]))

local function Handle(subscription, first)
  local what, connection, generation = ARGV[first], ARGV[first + 1], ARGV[first + 2]
  local version, progress = ARGV[first + 3], ARGV[first + 4]
  local found = redis.pcall('HMGET', subscription, 'v', 'g', 'd', 'p', 'r', 'n', 'q')
  if found.err then return {4} end
  if not found[1] then return {3} end
  if what == 'attach' then
    if found[7] then return {5} end
    local reader, attempt = generation, version
    if reader ~= '' and found[5] == reader and tonumber(found[6]) > tonumber(attempt) then
      return {1}
    end
    local newest = tonumber(found[2] or '0') + 1
    redis.call('HSET', subscription, 'g', string.format('%.0f', newest), 'c', connection,
               'u', alive_until, 'r', reader, 'n', attempt)
    return {0, newest, tonumber(found[1]), found[3], found[4]}
  end
  if found[2] ~= generation then return {1} end
  local changed = found[1] ~= version
  if progress ~= '' and not changed then
    redis.call('HSET', subscription, 'p', progress, 'a', string.format('%.0f', now))
  end
  if what == 'leave' then
    redis.call('HDEL', subscription, 'c', 'u')
    redis.call('HSET', subscription, 'x', string.format('%.0f', now))
  else
    redis.call('HSET', subscription, 'u', alive_until)
  end
  return {changed and 2 or 0}
end

local results = {}
for i = 1, #KEYS do
  results[i] = Handle(KEYS[i], 5 * i - 3)
end
return results
