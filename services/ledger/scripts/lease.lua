#!lua flags=allow-oom
-- Takes or renews a partition's lease. Each new holder gets a higher fence, which the scripts that
-- do the work check: a holder that was paused for too long can do nothing any more. It runs with
-- full memory too: who trims needs it.
--
-- KEYS: 1 lease.
-- ARGV: 1 holder, 2 milliseconds for which it is taken.
-- Returns: the fence, or 0 while another holds it.

local lease = KEYS[1]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local held = redis.call('HMGET', lease, 'holder', 'fence', 'until')
local fence = tonumber(held[2] or '0')
if held[1] ~= ARGV[1] then
  if held[1] and tonumber(held[3]) > now then return 0 end
  fence = fence + 1
end
redis.call('HSET', lease, 'holder', ARGV[1], 'fence', string.format('%.0f', fence),
           'until', string.format('%.0f', now + tonumber(ARGV[2])))
return fence
