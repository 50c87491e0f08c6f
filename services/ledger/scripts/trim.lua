#!lua flags=allow-oom
-- Trims the beginning of a partition's log, a bounded piece, and keeps the record of the gap in the
-- same step. Only the holder of the lease may, and never beyond what has been confirmed. It runs
-- with full memory too, which it is there to free.
--
-- KEYS: 1 lease, 2 meta, 3 log.
-- ARGV: 1 fence of the lease, 2 positions below this one are too old, 3 bytes that may be left,
--       4 last position that may go, 5 most entries that may go, 6 now in microseconds.
-- Returns: {number of entries trimmed, first position left, bytes left}; -1 instead of the number
-- when the lease is not held any more.

local lease, meta, log = KEYS[1], KEYS[2], KEYS[3]
local too_old, most_bytes = tonumber(ARGV[2]), tonumber(ARGV[3])
local last_allowed, most = tonumber(ARGV[4]), tonumber(ARGV[5])

local head = redis.call('HMGET', meta, 'f', 'b', 'g')
local first, bytes = tonumber(head[1] or '1'), tonumber(head[2] or '0')
local held = redis.call('HMGET', lease, 'fence', 'until')
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
if held[1] ~= ARGV[1] or tonumber(held[2] or '0') <= now then return {-1, first, bytes} end

local from = first
local entries = redis.call('XRANGE', log, string.format('%.0f-0', first), '+', 'COUNT', most)
for _, entry in ipairs(entries) do
  local position = tonumber(string.match(entry[1], '^%d+'))
  if position > last_allowed or (position >= too_old and bytes <= most_bytes) then break end
  bytes = bytes - #entry[2][2]
  first = position + 1
end
if first > from then
  redis.call('XTRIM', log, 'MINID', '=', string.format('%.0f-0', first))
  redis.call('HSET', meta, 'f', string.format('%.0f', first), 'b', string.format('%.0f', bytes),
             'g', string.format('%.0f', tonumber(head[3] or '0') + 1),
             'gl', string.format('%.0f:%.0f:', from, first - 1) .. ARGV[6])
end
return {first - from, first, bytes}
