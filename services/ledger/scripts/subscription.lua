#!lua
-- Makes, changes or deletes a named subscription, and lets it expire. Its place is moved by place.lua.
--
-- KEYS: 1 subscription; 2 to 5 what a shared one has beside it, see share.lua; 6 names of its owner,
--       7 digests of all subscriptions.
-- ARGV: 1 what to do:
--       "create": 2 name, 3 digest, 4 StoredSubscription, 5 StoredProgress, 6 quota of the owner,
--                 7 place of a shared one ("": it is not shared)
--       "update": 2 name, 3 digest, 4 StoredSubscription, 5 version it must have
--       "delete": 2 name, 3 digest, 4 "1" also when in use, 5 version it must have ("": any)
--       "expire": 2 name, 3 digest, 4 milliseconds for which nobody must have been connected, 5 version
--                 it must have, 6 when it was made (milliseconds)
--       "mark":   2 name, 3 digest, 4 "1" its history ends soon, "" not, 5 version it must have
-- One that is damaged is deleted too: of a key of a wrong type, nobody is known to be connected and any
-- version fits ("delete" with a version has asked for it before).
-- Returns: {0, version} done; {1} there is one already; {2} the owner has as many as it may have;
--       {3} there is none; {4} it has another version; {5} it is in use; {6} a key
--       that it shares with others has a wrong type; {7} its own has.

local subscription, names, all = KEYS[1], KEYS[6], KEYS[7]
local found = redis.pcall('HMGET', subscription, 'v', 'u', 'x')
local owned = redis.pcall('ZCARD', names)
local counted = redis.pcall('SCARD', all)
if type(found) ~= 'table' or type(owned) ~= 'number' or type(counted) ~= 'number' then return {6} end
if found.err then
  if ARGV[1] ~= 'delete' or ARGV[5] ~= '' then return {7} end
  found = {'0', '0', '0'}
end
local version = found[1]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

if ARGV[1] == 'create' then
  if version then return {1} end
  if owned >= tonumber(ARGV[6]) then return {2} end
  redis.call('HSET', subscription, 'v', '1', 'd', ARGV[4], 'p', ARGV[5])
  if ARGV[7] ~= '' then redis.call('HSET', subscription, 'q', ARGV[7]) end
  redis.call('ZADD', names, '0', ARGV[2])
  redis.call('SADD', all, ARGV[3])
  return {0, 1}
end

if not version then return {3} end
if ARGV[5] ~= '' and ARGV[5] ~= version then return {4} end

if ARGV[1] == 'update' then
  local next_version = tonumber(version) + 1
  redis.call('HSET', subscription, 'v', string.format('%.0f', next_version), 'd', ARGV[4],
             'x', string.format('%.0f', now))
  return {0, next_version}
end

if ARGV[1] == 'mark' then
  redis.call('HSET', subscription, 'w', ARGV[4])
  return {0, tonumber(version)}
end

local alive_until = tonumber(found[2] or '0')
if ARGV[1] == 'expire' then
  local seen = math.max(alive_until, tonumber(found[3] or '0'), tonumber(ARGV[6]))
  if seen + tonumber(ARGV[4]) > now then return {5} end
elseif ARGV[4] ~= '1' and alive_until > now then
  return {5}
end
redis.call('DEL', subscription, KEYS[2], KEYS[3], KEYS[4], KEYS[5])
redis.call('ZREM', names, ARGV[2])
redis.call('SREM', all, ARGV[3])
return {0, tonumber(version) or 0}
