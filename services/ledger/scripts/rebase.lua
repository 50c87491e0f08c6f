#!lua
-- Lets a shared subscription go on where its history does: the place, and what lies before it or in
-- an epoch that is over, was trimmed or lost.
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
for epoch in string.gmatch(ARGV[1], '(%d+):%d+') do before[#before + 1] = epoch end
for epoch, position in string.gmatch(ARGV[2], '(%d+):(%d+)') do
  after[#after + 1] = {epoch = epoch, position = tonumber(position)}
end
local function Forget(key, pairs_of)
  for i = 1, #pairs_of, 2 do
    local name = pairs_of[i]
    local partition, position = string.match(name, '^(%d+):(%d+)$')
    partition, position = tonumber(partition) + 1, tonumber(position)
    local now = after[partition]
    if not now or now.epoch ~= before[partition] or position <= now.position then
      redis.call('HDEL', key, name)
    end
  end
end
Forget(taken, entries)
Forget(beyond, settled)
redis.call('HSET', subscription, 'q', ARGV[2])
return {0}
