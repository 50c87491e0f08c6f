#!lua
-- Work sharing: what one replica has to say and to ask about a shared subscription, in one call.
--
-- An entry of the log is named "partition:position". It is taken from its first hand-over until it
-- is settled: "<kind>:<millis>:<attempts>:<first>:<token>:<reason>", kind L: handed over, the lease
-- of that token ends then; W: waits, due then. `first` is when it was handed over first, the reason
-- is what a consumer last said of it ("": its lease ended). What is settled lies at the place or
-- before it, or among those beyond; what is taken counts as such wherever the place stands, since
-- a dead letter that is handed over again lies behind it.
--
-- KEYS: 1 subscription, 2 taken (hash), 3 beyond (hash: entry, token that settled it), 4 dead letters (hash),
--       5 members (hash: member, "<millis until when it counts as alive>:<its consumers>"; "c:<member>",
--       "0:<StoredConsumers>": who they are. For a release that does not know it, that is a member which
--       died long ago).
-- ARGV: 1 member ("": none), 2 milliseconds for which it counts as alive (0: it leaves),
--       3 its consumers, 4 its StoredConnection; 5 version of the subscription that it knows;
--       6 epochs that it reads in ("e,e"; "": any); 7 place that it knows, 8 place instead ("": as
--       it is); 9 lease, 10 most attempts, 11 and 12 least and longest delay, 13 most taken, 14 most
--       beyond, 15 most dead letters, 16 who its consumers are, StoredConsumers ("": as told
--       before); then five for each step:
--       "claim" entry token "" ""         "ack" entry token "" ""
--       "extend" entry token "" ""        "reject" entry token reason delay
--       "return" entry token reason "1": the hand-over does not count
--       "bury" entry id StoredDeadLetter "1": also without a limit reached
--       "skip" entry "" "" "": it is outside the view        "clean" entry "" "" ""
--       "replay" entry id "" ""           "drop" entry id "" ""
-- Returns: {{status, version, place, taken, beyond, dead letters}, then one for each step}; status 0
--       done; 1 it has another version (no claims, the place stays), 2 other epochs (nothing was
--       done); only {{3}} there is none; {{4}} a key has a wrong type; {{5}} it is not shared.
--       A step: {1, attempt} claimed; {1} done; {0} refused: the lease is not there any more, or
--       there is no such letter; claim: {2} settled; {3, millis} handed to another; {4, millis}
--       waits; {5} as many are taken as may be; {6} the dead letters are full (bury: the same);
--       {7, attempts, first, reason} the limit is reached; replay: {8} the letter's history is gone.

local subscription, taken, beyond, letters, members = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local found = redis.pcall('HMGET', subscription, 'v', 'q', 'c', 'h')
local in_flight, settled = redis.pcall('HLEN', taken), redis.pcall('HLEN', beyond)
local dead, known = redis.pcall('HLEN', letters), redis.pcall('HLEN', members)
if found.err or type(in_flight) ~= 'number' or type(settled) ~= 'number' or
   type(dead) ~= 'number' or type(known) ~= 'number' then
  return {{4}}
end
if not found[1] then return {{3}} end
if not found[2] then return {{5}} end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function Text(number) return string.format('%.0f', number) end

local function Parse(place)
  local epochs, positions = {}, {}
  for epoch, position in string.gmatch(place, '(%d+):(%d+)') do
    epochs[#epochs + 1] = epoch
    positions[#positions + 1] = tonumber(position)
  end
  return epochs, positions
end

-- Those that went without a word. One that was only paused comes back with its next call.
local function ForgetTheDead()
  local all = redis.call('HGETALL', members)
  for i = 1, #all, 2 do
    local name = all[i]
    if string.sub(name, 1, 2) ~= 'c:' and tonumber(string.match(all[i + 1], '^%d+')) <= now then
      redis.call('HDEL', members, name, 'c:' .. name)
    end
  end
end

local place = found[2]
local epochs, positions = Parse(place)
local status = found[1] == ARGV[5] and 0 or 1
if ARGV[5] == '' then status = 0 end
if ARGV[6] ~= '' and table.concat(epochs, ',') ~= ARGV[6] then status = 2 end

if ARGV[1] ~= '' then
  if ARGV[2] == '0' then
    redis.call('HDEL', members, ARGV[1], 'c:' .. ARGV[1])
    redis.call('HSET', subscription, 'x', Text(now))
    local others = 0
    local all = redis.call('HGETALL', members)
    for i = 2, #all, 2 do
      if tonumber(string.match(all[i], '^%d+')) > now then others = others + 1 end
    end
    if others == 0 then redis.call('HDEL', subscription, 'c', 'u') end
  else
    local till = Text(now + tonumber(ARGV[2]))
    local entered = redis.call('HSET', members, ARGV[1], till .. ':' .. ARGV[3]) == 1
    if ARGV[16] ~= '' then redis.call('HSET', members, 'c:' .. ARGV[1], '0:' .. ARGV[16]) end
    if entered then ForgetTheDead() end
    redis.call('HSET', subscription, 'u', till)
    if not found[3] then redis.call('HSET', subscription, 'c', ARGV[4]) end
  end
end
if status == 2 then return {{2, tonumber(found[1]), place, in_flight, settled, dead}} end

if status == 0 and ARGV[8] ~= '' and ARGV[7] == place then
  place = ARGV[8]
  redis.call('HSET', subscription, 'q', place, 'a', Text(now))
  epochs, positions = Parse(place)
end

local lease, most_attempts = tonumber(ARGV[9]), tonumber(ARGV[10])
local least_delay, longest_delay = tonumber(ARGV[11]), tonumber(ARGV[12])
local most_taken, most_beyond = tonumber(ARGV[13]), tonumber(ARGV[14])
local most_letters = tonumber(ARGV[15])

local function Split(entry)
  local partition, position = string.match(entry, '^(%d+):(%d+)$')
  return tonumber(partition) + 1, tonumber(position)
end
local function BehindPlace(entry)
  local partition, position = Split(entry)
  return positions[partition] ~= nil and position <= positions[partition]
end

local function Delay(attempts)
  return math.min(longest_delay, least_delay * 2 ^ math.min(math.max(attempts - 1, 0), 40))
end

-- What is known of an entry; a lease that has ended makes it wait.
local function Read(entry)
  local value = redis.call('HGET', taken, entry)
  if not value then return nil end
  local kind, millis, attempts, first, token, reason =
    string.match(value, '^(%a):(%d+):(%d+):(%d+):([^:]*):(.*)$')
  local item = {kind = kind, millis = tonumber(millis), attempts = tonumber(attempts),
                first = tonumber(first), token = token, reason = reason}
  if kind == 'L' and item.millis <= now then
    item.kind, item.reason = 'W', ''
    item.millis = item.millis + Delay(item.attempts)
  end
  return item
end
local function Write(entry, item)
  redis.call('HSET', taken, entry,
             item.kind .. ':' .. Text(item.millis) .. ':' .. Text(item.attempts) .. ':' ..
             Text(item.first) .. ':' .. item.token .. ':' .. item.reason)
end
local function Settle(entry, token)
  redis.call('HDEL', taken, entry)
  if not BehindPlace(entry) then redis.call('HSET', beyond, entry, token) end
end

local again = 0  -- hand-overs of this call beyond the first of each

local function Claim(entry, token)
  local item = Read(entry)
  if not item then
    if BehindPlace(entry) or redis.call('HGET', beyond, entry) then return {2} end
    if redis.call('HLEN', taken) >= most_taken or redis.call('HLEN', beyond) >= most_beyond then
      return {5}
    end
    item = {attempts = 0, first = now, reason = ''}
  elseif item.kind == 'L' then
    if item.token == token then return {1, item.attempts} end
    return {3, item.millis - now}
  elseif item.attempts >= most_attempts then
    return {7, item.attempts, item.first, item.reason}
  elseif item.millis > now then
    return {4, item.millis - now}
  end
  if redis.call('HLEN', letters) >= most_letters then return {6} end
  item.kind, item.millis, item.attempts, item.token = 'L', now + lease, item.attempts + 1, token
  Write(entry, item)
  if item.attempts > 1 then again = again + 1 end
  return {1, item.attempts}
end

local function Step(what, entry, token, first, second)
  if what == 'claim' then
    if status ~= 0 then return {0} end
    return Claim(entry, token)
  end
  if what == 'drop' then return {redis.call('HDEL', letters, token)} end
  if what == 'clean' then
    if BehindPlace(entry) then redis.call('HDEL', beyond, entry) end
    return {1}
  end
  local item = Read(entry)
  if what == 'replay' then
    local partition = Split(entry)
    if not redis.call('HGET', letters, token) then return {0} end
    if epochs[partition] ~= string.match(token, '^(%d+)-') then return {8} end
    if not item then
      if redis.call('HLEN', taken) >= most_taken then return {5} end
      Write(entry, {kind = 'W', millis = now, attempts = 0, first = now, token = '', reason = ''})
    end
    redis.call('HDEL', letters, token)
    return {1}
  end
  if what == 'bury' then
    if redis.call('HGET', letters, token) then return {1} end
    if not item or item.kind ~= 'W' then return {0} end
    if second ~= '1' and item.attempts < most_attempts then return {0} end
    if redis.call('HLEN', letters) >= most_letters then return {6} end
    redis.call('HSET', letters, token, first)
    Settle(entry, '')
    return {1}
  end
  if what == 'skip' then
    if item and item.kind == 'W' then Settle(entry, '') end
    return {1}
  end
  if what == 'ack' then
    if not item then return {redis.call('HGET', beyond, entry) == token and 1 or 0} end
    if item.kind ~= 'L' or item.token ~= token then return {0} end
    Settle(entry, token)
    return {1}
  end
  if not item or item.token ~= token then return {0} end
  if item.kind ~= 'L' then
    -- Said twice, since the first answer was lost; or the lease has ended.
    return {what ~= 'extend' and item.reason ~= '' and item.reason == first and 1 or 0}
  end
  if what == 'extend' then
    item.millis = now + lease
  elseif what == 'reject' then
    item.kind, item.reason = 'W', first
    item.millis = now + math.max(tonumber(second), Delay(item.attempts))
  else
    item.kind, item.reason, item.millis = 'W', first, now
    if second == '1' then item.attempts = item.attempts - 1 end
  end
  Write(entry, item)
  return {1}
end

local answers = {{status, tonumber(found[1]), place, 0, 0, 0}}
for i = 17, #ARGV, 5 do
  answers[#answers + 1] = Step(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4])
end
if again > 0 then redis.call('HSET', subscription, 'h', Text(tonumber(found[4] or '0') + again)) end
answers[1][4] = redis.call('HLEN', taken)
answers[1][5] = redis.call('HLEN', beyond)
answers[1][6] = redis.call('HLEN', letters)
return answers
