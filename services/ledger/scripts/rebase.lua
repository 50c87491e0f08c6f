#!lua
-- Lets a shared subscription go on where its history does: the place, and what was taken or settled
-- beyond the old one and lies before the new one or in an epoch that is over, was trimmed or lost.
-- What is taken behind both is a dead letter that is handed over again: its entry stands, or whoever
-- reads it finds that it is gone, and says so in a dead letter of its own.
--
-- KEYS: 1 subscription, 2 taken, 3 beyond, 4 dead letters; see share.lua.
-- ARGV: 1 place that it must have, 2 place instead, 3 id and 4 StoredDeadLetter that tells of the
--       gap ("": there is none), 5 most dead letters.
-- Returns: {0} done; {1} it has another place; {3} there is none; {4} a key has a wrong type;
--       {5} it is not shared; {6} the dead letters are full, nothing was changed.

local subscription, taken, beyond, letters = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local found = redis.pcall('HMGET', subscription, 'v', 'q')
local entries = redis.pcall('HGETALL', taken)
local settled = redis.pcall('HGETALL', beyond)
local dead = redis.pcall('HLEN', letters)
if found.err or entries.err or settled.err or type(dead) ~= 'number' then return {4} end
if not found[1] then return {3} end
if not found[2] then return {5} end
if found[2] ~= ARGV[1] then return {1} end
if ARGV[3] ~= '' and not redis.call('HGET', letters, ARGV[3]) then
  if dead >= tonumber(ARGV[5]) then return {6} end
  redis.call('HSET', letters, ARGV[3], ARGV[4])
end

local before, after = {}, {}
for epoch, position in string.gmatch(ARGV[1], '(%d+):(%d+)') do
  before[#before + 1] = {epoch = epoch, position = tonumber(position)}
end
for epoch, position in string.gmatch(ARGV[2], '(%d+):(%d+)') do
  after[#after + 1] = {epoch = epoch, position = tonumber(position)}
end
local function IsGone(partition, position)
  local was, now = before[partition], after[partition]
  if not was or not now then return true end
  if position <= was.position then return position > now.position end
  return now.epoch ~= was.epoch or position <= now.position
end
local function Forget(key, pairs_of)
  for i = 1, #pairs_of, 2 do
    local name = pairs_of[i]
    local partition, position = string.match(name, '^(%d+):(%d+)$')
    if IsGone(tonumber(partition) + 1, tonumber(position)) then redis.call('HDEL', key, name) end
  end
end
Forget(taken, entries)
Forget(beyond, settled)
redis.call('HSET', subscription, 'q', ARGV[2])
return {0}
