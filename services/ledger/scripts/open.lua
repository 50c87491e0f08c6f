#!lua
-- Creates the ledger's descriptor unless there is one, and returns the one that is there.
--
-- KEYS: 1 descriptor.
-- ARGV: 1 id, 2 secret, 3 partitions, 4 schema, 5 created_at.
-- Returns: {id, secret, partitions, schema, created_at}.

local descriptor = KEYS[1]
if redis.call('EXISTS', descriptor) == 0 then
  redis.call('HSET', descriptor, 'id', ARGV[1], 'secret', ARGV[2], 'partitions', ARGV[3],
             'schema', ARGV[4], 'created_at', ARGV[5])
end
return redis.call('HMGET', descriptor, 'id', 'secret', 'partitions', 'schema', 'created_at')
