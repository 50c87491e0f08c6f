#!lua
-- Commits a batch of changes of one partition. Redis never rolls a script back, so it works in two
-- passes: the first reads and type-checks everything of every change and decides; the second only
-- writes what can no longer fail. A change that is refused writes nothing and harms no other.
-- Running the same batch again changes nothing: every accepted request is found by its id.
-- Without "allow-oom" Redis refuses the whole script, before it starts, when its memory is full.
--
-- KEYS: 1 meta, 2 log, then the clue of each change in turn, then each index and review queue of
--       the batch once.
-- ARGV: 1 number of changes; 2 "1" when a WAIT follows, so that a batch that only repeats answers
--       must write a marker; then for each change 8:
--       header   byte 1 kind: 0 probe (only repeats an answer), 1 create, 2 revise, 3 withdraw
--                bytes 2-3 expected version, 4-5 the review queue to enter, 6-7 that to leave
--                (number of its key, from 1; high byte first; 0: none), then 2 bytes for each
--                index to join
--       proposed order key; "q:" and the request_id; digest; member of the indexes; the clue's
--       version as stored; its summary; its event
-- Returns: the position of the log's end; then for each change {code, ...}:
--       0 accepted: position; 1 repeated: version, the version as stored; 2 request_id reused;
--       3 the clue exists; 4 no such clue; 5 the clue has another version; 6 a key has a wrong
--       type; 7 a part of the clue's record is gone

local ACCEPTED, REPEATED, REUSED, EXISTS, MISSING = 0, 1, 2, 3, 4
local MOVED, WRONG_TYPE, DAMAGED = 5, 6, 7
local PROBE, CREATE, WITHDRAW = 0, 1, 3
local DIGEST_SIZE, ARGUMENTS = 32, 8

local meta, log = KEYS[1], KEYS[2]
local count = tonumber(ARGV[1])
local byte, sub, format = string.byte, string.sub, string.format

local head = redis.pcall('HMGET', meta, 'n', 't', 'b', 'm')
if head.err then return redis.error_reply('LEDGER the key meta has a wrong type') end
local position = tonumber(head[1] or '0')
local newest = tonumber(head[2] or '0')
local bytes = tonumber(head[3] or '0')
local markers = tonumber(head[4] or '0')

-- The log must end where meta says, else XADD would fail half way.
local last = '0-0'
local info = redis.pcall('XINFO', 'STREAM', log)
if info.err then
  if redis.call('TYPE', log).ok ~= 'none' then
    return redis.error_reply('LEDGER the key log has a wrong type')
  end
else
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then last = info[i + 1] end
  end
end
if last ~= format('%.0f-0', position) then
  return redis.error_reply('LEDGER the log does not end at the position that meta names')
end

-- Whether an index may be written; asked once for each key of the batch. A stream must be able to
-- take an entry behind its last, else XADD would fail half way.
local above = format('%.0f', newest + 1)
local usable = {}
local function is_index(number, kind)
  local known = usable[number]
  if known == nil then
    if kind == CREATE then
      local later = redis.pcall('XRANGE', KEYS[number], above, '+', 'COUNT', 1)
      known = not later.err and #later == 0
    else
      local set = redis.call('TYPE', KEYS[number]).ok
      known = set == 'zset' or set == 'none'
    end
    usable[number] = known
  end
  return known
end

local results, accepted, repeats = {}, {}, false
for i = 1, count do
  local at = 3 + (i - 1) * ARGUMENTS
  local kind, high, low, to_high, to_low, from_high, from_low = byte(ARGV[at], 1, 7)
  local enter, leave = to_high * 256 + to_low, from_high * 256 + from_low
  local expected = high * 256 + low
  local clue = KEYS[2 + i]
  local was = redis.pcall('HMGET', clue, 'v', ARGV[at + 2], 't')
  if was.err then
    results[i] = {WRONG_TYPE}
  elseif was[2] then
    if sub(was[2], 1, DIGEST_SIZE) == ARGV[at + 3] then
      local version = sub(was[2], DIGEST_SIZE + 1)
      local stored = redis.call('HGET', clue, 's:' .. version)
      results[i] = stored and {REPEATED, tonumber(version), stored} or {DAMAGED}
      repeats = true
    else
      results[i] = {REUSED}
    end
  elseif kind == CREATE and was[1] then
    results[i] = {EXISTS}
  elseif kind ~= CREATE and not was[1] then
    results[i] = {MISSING}
  elseif kind == PROBE or (kind ~= CREATE and tonumber(was[1]) ~= expected) then
    results[i] = {MOVED}
  elseif kind ~= CREATE and not tonumber(was[3] or '') then
    results[i] = {DAMAGED}
  else
    local fine, indexes = true, {byte(ARGV[at], 8, -1)}
    fine = (enter == 0 or is_index(enter)) and (leave == 0 or is_index(leave))
    for k = 1, #indexes, 2 do
      fine = fine and is_index(indexes[k] * 256 + indexes[k + 1], kind)
    end
    if fine then
      accepted[#accepted + 1] = {i, at, kind, expected + 1, indexes, was[3], enter, leave}
    else
      results[i] = {WRONG_TYPE}
    end
  end
end

-- Index entries are gathered by key: one write for all clues of the batch that share an index.
local blocks, joins, leaves = {}, {}, {}
local function gather(lists, number)
  local list = lists[number]
  if not list then
    list = {}
    lists[number] = list
  end
  return list
end

for _, item in ipairs(accepted) do
  local i, at, kind, indexes, order = item[1], item[2], item[3], item[5], item[6]
  local clue = KEYS[2 + i]
  local version = format('%d', item[4])
  local event, member = ARGV[at + 7], ARGV[at + 4]
  position = position + 1
  bytes = bytes + #event
  redis.call('XADD', log, format('%.0f-0', position), 'e', event)
  local request = ARGV[at + 3] .. version
  if kind == CREATE then
    newest = math.max(tonumber(ARGV[at + 1]), newest + 1)
    order = format('%.0f', newest)
    redis.call('HSET', clue, 'v', version, 'l', ARGV[at + 6], 's:' .. version, ARGV[at + 5],
               ARGV[at + 2], request, 't', order)
    local entry = struct.pack('>I8', newest) .. member
    for k = 1, #indexes, 2 do
      local block = gather(blocks, indexes[k] * 256 + indexes[k + 1])
      block.first = block.first or newest
      block[#block + 1] = entry
    end
  else
    if kind == WITHDRAW then
      redis.call('HSET', clue, 'v', version, 'l', ARGV[at + 6], 's:' .. version, ARGV[at + 5],
                 ARGV[at + 2], request, 'w', '1')
    else
      redis.call('HSET', clue, 'v', version, 'l', ARGV[at + 6], 's:' .. version, ARGV[at + 5],
                 ARGV[at + 2], request)
    end
    for k = 1, #indexes, 2 do
      local list = gather(joins, indexes[k] * 256 + indexes[k + 1])
      list[#list + 1] = order
      list[#list + 1] = member
    end
  end
  if item[7] > 0 then
    local list = gather(joins, item[7])
    list[#list + 1] = order
    list[#list + 1] = member
  end
  if item[8] > 0 then
    local list = gather(leaves, item[8])
    list[#list + 1] = member
  end
  results[i] = {ACCEPTED, position}
end

for number, block in pairs(blocks) do
  redis.call('XADD', KEYS[number], format('%.0f-0', block.first), 'b', table.concat(block))
end
for number, list in pairs(joins) do redis.call('ZADD', KEYS[number], unpack(list)) end
for number, list in pairs(leaves) do redis.call('ZREM', KEYS[number], unpack(list)) end

if #accepted > 0 then
  redis.call('HSET', meta, 'n', format('%.0f', position), 't', format('%.0f', newest),
             'b', format('%.0f', bytes))
elseif (repeats or count == 0) and ARGV[2] == '1' then
  redis.call('HSET', meta, 'm', format('%.0f', markers + 1))
end
return {position, unpack(results)}
