-- Adds a lease that was reserved without Redis. Does nothing for a lease that is already there.
-- KEYS: epoch, leases of the holder, then the counters.
-- ARGV: epoch, time, lease, then for each counter its kind and parameters, amount, slot, and 1 when the amount must be
--   counted (0: it was booked already).
-- Returns 1; -1 in another epoch.
local epochKey, leasesKey = KEYS[1], KEYS[2]
local epoch, now, lease = ARGV[1], time(ARGV[2]), ARGV[3]
if redis.call('GET', epochKey) ~= epoch then return -1 end
if redis.call('HEXISTS', leasesKey, lease) == 1 then return 1 end
local lines = {}
for i = 1, #KEYS - 2 do
  local key, at = KEYS[i + 2], 4 + (i - 1) * 6
  local amountText, slot, mustCount = ARGV[at + 3], ARGV[at + 4], ARGV[at + 5] == '1'
  local amount = tonumber(amountText)
  addToSlot(counterAt(key, at, now), tonumber(slot), mustCount and amount or 0, amount)
  lines[#lines + 1] = leaseLine(key, amountText, slot)
end
redis.call('HSET', leasesKey, lease, table.concat(lines, '\n'))
return 1
