-- Settles or releases leases.
-- KEYS: epoch, then for each lease: leases of its holder, mark that the holder was given up, its counters.
-- ARGV: epoch, time, number of leases, then for each lease: its name, number of counters (-1: refund whatever it
--   reserved), then for each counter its kind and parameters, amount, used, slot.
-- A lease that is missing was settled before. If its holder was given up, it was refunded instead, and what it used is
-- added now.
-- Returns 1; -1 in another epoch.
local epochKey = KEYS[1]
local epoch, now, count = ARGV[1], time(ARGV[2]), tonumber(ARGV[3])
if redis.call('GET', epochKey) ~= epoch then return -1 end

local k, a = 2, 4
for _ = 1, count do
  local leasesKey, givenUpKey, lease, counters = KEYS[k], KEYS[k + 1], ARGV[a], tonumber(ARGV[a + 1])
  k, a = k + 2, a + 2
  if counters == -1 then
    local reserved = redis.call('HGET', leasesKey, lease)
    if reserved then
      redis.call('HDEL', leasesKey, lease)
      refund(reserved)
    end
    counters = 0
  elseif redis.call('HDEL', leasesKey, lease) == 1 then
    for i = 0, counters - 1 do
      local at = a + i * 6
      local amount, used, slot = tonumber(ARGV[at + 3]), ARGV[at + 4], ARGV[at + 5]
      correct(KEYS[k + i], slot, used - amount, -amount)
    end
  elseif redis.call('EXISTS', givenUpKey) == 1 then
    for i = 0, counters - 1 do
      local at = a + i * 6
      local used, slot = tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
      addToSlot(counterAt(KEYS[k + i], at, now), slot, used, 0)
    end
  end
  k, a = k + counters, a + counters * 6
end
return 1
