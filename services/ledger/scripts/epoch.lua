#!lua flags=allow-oom
-- Opens a new epoch of a partition when history was lost, or may have been. Running it again with
-- the same evidence changes nothing. It runs with full memory too: what was lost is to be told.
--
-- KEYS: 1 meta, 2 told.
-- ARGV: 1 the epoch and 2 the position of a witness, both 0 for none: a place that was acknowledged.
--       3 the sign of an event after which history may be lost: master_replid2 as Redis tells it,
--       which a promotion leaves, or the mark of a restored backup; '' for none. It counts once.
-- Returns: the list of epochs as it now stands.

local meta, told = KEYS[1], KEYS[2]
local head = redis.call('HMGET', meta, 'n', 'e', 'r')
local kind = redis.call('TYPE', told).ok
if kind ~= 'none' and kind ~= 'stream' then
  return redis.error_reply('LEDGER the key told has a wrong type')
end
local position = tonumber(head[1] or '0')
local epochs = head[2] or '1:1'
local number, first = string.match(epochs, '(%d+):(%d+)$')
number, first = tonumber(number), tonumber(first)

local witness_epoch, witness = tonumber(ARGV[1]), tonumber(ARGV[2])
-- A witness of an epoch that is over has been heard; one of a later epoch tells that even the list
-- of epochs was cut back.
local lost = witness_epoch > number or (witness_epoch == number and witness > position)

if ARGV[3] ~= '' and ARGV[3] ~= (head[3] or '') then
  redis.call('HSET', meta, 'r', ARGV[3])
  -- What a new ledger finds here happened before it: it has no history to lose.
  lost = lost or position > 0
end

if lost then
  local next_number = math.max(number, witness_epoch) + 1
  epochs = epochs .. string.format(',%.0f:%.0f', next_number, position + 1)
  redis.call('HSET', meta, 'e', epochs)
  -- What replicas have confirmed of the lost history says nothing of the new one; what is left of
  -- it they have.
  local newest = redis.call('XREVRANGE', told, '+', '-', 'COUNT', 1)[1]
  if newest and tonumber(string.match(newest[1], '^%d+')) > position then
    redis.call('DEL', told)
    if position > 0 then
      redis.call('XADD', told, string.format('%.0f-0', position), 'c', '')
    end
  end
end
return epochs
