#!lua
-- Tells an alert that a route raised, or its next version, and moves the place that the routes have
-- seen to, in one step. Only the holder of the routes' lease may: one that was paused for too long
-- can do nothing any more. A version that is there already is not written again.
--
-- KEYS: 1 lease of the routes, 2 their state; then, when there is an alert to tell: 3 meta, 4 log,
--       5 the acknowledgements that end, 6 the alert's record, then the sorted sets to enter, then
--       those to leave.
-- ARGV: 1 fence of the lease, 2 StoredProgress and 3 starts of the routes, both "" for as they are;
--       then: 4 version that the record must have (0: none), 5 steps of its life likewise, 6 proposed
--       order key, 7 member of the sorted sets, 8 StoredSummary, 9 StoredEvent, 10 how many sets to
--       enter, 11 when the acknowledgement ends ("": as before, "0": never).
-- Returns: {code, position}: 0 done; 1 the lease is not held any more; 2 told before; 3 the record has
--       moved; 4 a key has a wrong type.

local DONE, LOST, BEFORE, MOVED, WRONG_TYPE = 0, 1, 2, 3, 4
local lease, state = KEYS[1], KEYS[2]

local function is_kind(key, wanted)
  local kind = redis.call('TYPE', key).ok
  return kind == 'none' or kind == wanted
end

local held = redis.pcall('HMGET', lease, 'fence', 'until')
if held.err or not is_kind(state, 'hash') then return {WRONG_TYPE, 0} end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
if held[1] ~= ARGV[1] or tonumber(held[2] or '0') <= now then return {LOST, 0} end

local code, position = DONE, 0
if #KEYS > 2 then
  local meta, log, due, record = KEYS[3], KEYS[4], KEYS[5], KEYS[6]
  local head = redis.pcall('HMGET', meta, 'n', 't', 'b')
  local was = redis.pcall('HMGET', record, 'g', 'h', 't')
  if head.err or was.err or not is_kind(log, 'stream') then return {WRONG_TYPE, 0} end
  for i = 5, #KEYS do
    if i ~= 6 and not is_kind(KEYS[i], 'zset') then return {WRONG_TYPE, 0} end
  end
  local version, wanted = tonumber(was[1] or '0'), tonumber(ARGV[4])
  if version > wanted then
    code = BEFORE
  elseif version < wanted or tonumber(was[2] or '0') ~= tonumber(ARGV[5]) then
    return {MOVED, 0}
  else
    -- The log must end where meta says, else XADD would fail half way.
    position = tonumber(head[1] or '0')
    local last = '0-0'
    local info = redis.pcall('XINFO', 'STREAM', log)
    if not info.err then
      for i = 1, #info, 2 do
        if info[i] == 'last-generated-id' then last = info[i + 1] end
      end
    end
    if last ~= string.format('%.0f-0', position) then
      return redis.error_reply('LEDGER the log does not end at the position that meta names')
    end
    local newest, order = tonumber(head[2] or '0'), was[3]
    if not order then
      newest = math.max(tonumber(ARGV[6]), newest + 1)
      order = string.format('%.0f', newest)
    end
    position = position + 1
    redis.call('XADD', log, string.format('%.0f-0', position), 'e', ARGV[9])
    redis.call('HSET', record, 'g', string.format('%.0f', version + 1), 'l', ARGV[8], 't', order)
    local enters = tonumber(ARGV[10])
    for i = 7, 6 + enters do redis.call('ZADD', KEYS[i], order, ARGV[7]) end
    for i = 7 + enters, #KEYS do redis.call('ZREM', KEYS[i], ARGV[7]) end
    if ARGV[11] == '0' then
      redis.call('ZREM', due, ARGV[7])
    elseif ARGV[11] ~= '' then
      redis.call('ZADD', due, ARGV[11], ARGV[7])
    end
    redis.call('HSET', meta, 'n', string.format('%.0f', position), 't',
               string.format('%.0f', newest), 'b',
               string.format('%.0f', tonumber(head[3] or '0') + #ARGV[9]))
  end
end
if ARGV[2] ~= '' then redis.call('HSET', state, 'p', ARGV[2]) end
if ARGV[3] ~= '' then redis.call('HSET', state, 's', ARGV[3]) end
return {code, position}
