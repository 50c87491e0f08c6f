#!lua
-- Takes, renews or gives back a reviewer's claim on a clue. The clue itself does not change.
--
-- KEYS: 1 clue.
-- ARGV: 1 holder, 2 now and 3 until in milliseconds by the service's clock (until 0: give back),
--       4 version that the clue must have.
-- Returns: {0} done; {1, claim} another holds it; {2} no such clue, or it has another version;
--       {3} the key has a wrong type.

local clue = KEYS[1]
local held = redis.pcall('HMGET', clue, 'v', 'k')
if held.err then return {3} end
if held[1] ~= ARGV[4] then return {2} end
local till, holder = string.match(held[2] or '', '^(%d+):(.*)$')
local mine = holder == ARGV[1]
if till and not mine and tonumber(till) > tonumber(ARGV[2]) then return {1, held[2]} end
if ARGV[3] ~= '0' then
  redis.call('HSET', clue, 'k', ARGV[3] .. ':' .. ARGV[1])
elseif mine then
  redis.call('HDEL', clue, 'k')
end
return {0}
