#!lua
-- Commits a batch of changes of one partition. Redis never rolls a script back, so it works in two
-- passes: the first reads and type-checks everything of every change and decides; the second only
-- writes what can no longer fail. A change that is refused writes nothing and harms no other.
-- Running the same batch again changes nothing: every accepted request is found by its id.
-- Without "allow-oom" Redis refuses the whole script, before it starts, when its memory is full.
--
-- KEYS: 1 meta, 2 log, 3 the acknowledgements that end, then the clue of each change in turn, then
--       each index and queue of the batch once.
-- ARGV: 1 number of changes; 2 "1" when a WAIT follows: it speaks of the connection's last write, so
--       a batch that accepts nothing must write a marker, else it would confirm what others wrote
--       meanwhile and no replica has; then for each change 9:
--       header   byte 1 kind: 0 probe (only repeats an answer), 1 create, 2 revise, 3 withdraw,
--                4 step of the alert's life
--                bytes 2-3 expected sum of the clue's version and its alert's steps: both only
--                grow, so the sum tells whether either has moved
--                byte 4 how many sorted sets to enter, 5 how many to leave; then 2 bytes for each
--                of these and for each index to join (number of its key, from 1; high byte first)
--       of a create its proposed order key, else when the acknowledgement ends ("": as before,
--       "0": never); "q:" and the request_id; digest; member of the indexes; the clue's version, or
--       the step, as stored; its summary; its event; what of a reviewer's claim: "" stays, "-" ends,
--       "=" and the claim as it was read ("=": none): it must be that still, and ends
-- Returns: the position of the log's end; then for each change {code, ...}:
--       0 accepted: position; 1 repeated: version or step, as stored; 2 request_id reused; 3 the
--       clue exists; 4 no such clue; 5 clue, alert or claim has moved; 6 a key has a wrong type; 7 a
--       part of the clue's record is gone

local ACCEPTED, REPEATED, REUSED, EXISTS, MISSING = 0, 1, 2, 3, 4
local MOVED, WRONG_TYPE, DAMAGED = 5, 6, 7
local PROBE, CREATE, WITHDRAW, STEP = 0, 1, 3, 4
local DUE = 3
local DIGEST_SIZE, ARGUMENTS = 32, 9

local meta, log = KEYS[1], KEYS[2]
local count = tonumber(ARGV[1])
local byte, sub, format = string.byte, string.sub, string.format
local SAME = byte('=')

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
local function is_index(number, sorted)
  local known = usable[number]
  if known == nil then
    if sorted then
      local set = redis.call('TYPE', KEYS[number]).ok
      known = set == 'zset' or set == 'none'
    else
      local later = redis.pcall('XRANGE', KEYS[number], above, '+', 'COUNT', 1)
      known = not later.err and #later == 0
    end
    usable[number] = known
  end
  return known
end

-- Whether clue, alert or claim is another than the change was made for.
local function moved(was, expected, claim)
  return (tonumber(was[1]) or -1) + (tonumber(was[4] or 0) or -1) ~= expected or
         (byte(claim) == SAME and (was[5] or '') ~= sub(claim, 2))
end

local results, accepted = {}, {}
for i = 1, count do
  local at = 3 + (i - 1) * ARGUMENTS
  local kind, high, low, enters, leaves = byte(ARGV[at], 1, 5)
  local expected = high * 256 + low
  local clue = KEYS[3 + i]
  local was = redis.pcall('HMGET', clue, 'v', ARGV[at + 2], 't', 'h', 'k')
  -- An alert that a route raised has no clue: its versions are counted in g.
  if not was.err and not was[1] and (kind == STEP or kind == PROBE) then
    was[1] = redis.call('HGET', clue, 'g')
  end
  if was.err then
    results[i] = {WRONG_TYPE}
  elseif was[2] then
    if sub(was[2], 1, DIGEST_SIZE) == ARGV[at + 3] then
      local made = sub(was[2], DIGEST_SIZE + 1)
      if sub(made, 1, 2) ~= 'h:' then made = 's:' .. made end
      local stored = redis.call('HGET', clue, made)
      results[i] = stored and {REPEATED, stored} or {DAMAGED}
    else
      results[i] = {REUSED}
    end
  elseif kind == CREATE and was[1] then
    results[i] = {EXISTS}
  elseif kind ~= CREATE and not was[1] then
    results[i] = {MISSING}
  elseif kind == PROBE or (kind ~= CREATE and moved(was, expected, ARGV[at + 8])) then
    results[i] = {MOVED}
  elseif kind ~= CREATE and not tonumber(was[3] or '') then
    results[i] = {DAMAGED}
  else
    local fine, lists, sets = true, {byte(ARGV[at], 6, -1)}, 2 * (enters + leaves)
    for k = 1, #lists, 2 do
      fine = fine and is_index(lists[k] * 256 + lists[k + 1], k < sets or kind ~= CREATE)
    end
    if kind ~= CREATE and ARGV[at + 1] ~= '' then fine = fine and is_index(DUE, true) end
    if fine then
      accepted[#accepted + 1] = {i, at, kind, lists, was, 2 * enters, sets}
    else
      results[i] = {WRONG_TYPE}
    end
  end
end

-- Index entries are gathered by key: one write for all clues of the batch that share an index.
local blocks, joins, parts = {}, {}, {}
local function gather(lists, number)
  local list = lists[number]
  if not list then
    list = {}
    lists[number] = list
  end
  return list
end

for _, item in ipairs(accepted) do
  local i, at, kind, lists, was, enters, sets = unpack(item)
  local clue, order = KEYS[3 + i], was[3]
  local event, member = ARGV[at + 7], ARGV[at + 4]
  position = position + 1
  bytes = bytes + #event
  redis.call('XADD', log, format('%.0f-0', position), 'e', event)
  local entry
  if kind == CREATE then
    newest = math.max(tonumber(ARGV[at + 1]), newest + 1)
    order = format('%.0f', newest)
    redis.call('HSET', clue, 'v', '1', 'l', ARGV[at + 6], 's:1', ARGV[at + 5], ARGV[at + 2],
               ARGV[at + 3] .. '1', 't', order)
    entry = struct.pack('>I8', newest) .. member
  elseif kind == STEP then
    local step = format('%d', (was[4] or 0) + 1)
    redis.call('HSET', clue, 'h', step, 'l', ARGV[at + 6], 'h:' .. step, ARGV[at + 5], ARGV[at + 2],
               ARGV[at + 3] .. 'h:' .. step)
  else
    local version = format('%d', was[1] + 1)
    redis.call('HSET', clue, 'v', version, 'l', ARGV[at + 6], 's:' .. version, ARGV[at + 5],
               ARGV[at + 2], ARGV[at + 3] .. version)
    if kind == WITHDRAW then redis.call('HSET', clue, 'w', '1') end
    if was[5] and ARGV[at + 8] ~= '' then redis.call('HDEL', clue, 'k') end
  end
  for k = 1, #lists, 2 do
    local number = lists[k] * 256 + lists[k + 1]
    if k > sets and entry then
      local block = gather(blocks, number)
      block.first = block.first or newest
      block[#block + 1] = entry
    elseif k > enters and k <= sets then
      local list = gather(parts, number)
      list[#list + 1] = member
    else
      local list = gather(joins, number)
      list[#list + 1] = order
      list[#list + 1] = member
    end
  end
  if kind ~= CREATE and ARGV[at + 1] ~= '' then
    local list = gather(ARGV[at + 1] == '0' and parts or joins, DUE)
    if ARGV[at + 1] ~= '0' then list[#list + 1] = ARGV[at + 1] end
    list[#list + 1] = member
  end
  results[i] = {ACCEPTED, position}
end

for number, block in pairs(blocks) do
  redis.call('XADD', KEYS[number], format('%.0f-0', block.first), 'b', table.concat(block))
end
for number, list in pairs(joins) do redis.call('ZADD', KEYS[number], unpack(list)) end
for number, list in pairs(parts) do redis.call('ZREM', KEYS[number], unpack(list)) end

if #accepted > 0 then
  redis.call('HSET', meta, 'n', format('%.0f', position), 't', format('%.0f', newest),
             'b', format('%.0f', bytes))
elseif ARGV[2] == '1' then
  redis.call('HSET', meta, 'm', format('%.0f', markers + 1))
end
return {position, unpack(results)}
