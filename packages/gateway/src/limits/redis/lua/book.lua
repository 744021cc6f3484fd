-- Adds what calls have used while it could not be reported. Does nothing for a number that was booked before.
-- KEYS: epoch, last number that the holder booked, then the counters.
-- ARGV: epoch, time, number, then for each counter its kind and parameters, amount, slot, unused.
-- Returns 1; -1 in another epoch.
local epochKey, lastKey = KEYS[1], KEYS[2]
local epoch, now, number = ARGV[1], time(ARGV[2]), ARGV[3]
if redis.call('GET', epochKey) ~= epoch then return -1 end
if tonumber(redis.call('GET', lastKey) or '0') >= tonumber(number) then return 1 end
redis.call('SET', lastKey, number, 'PX', 86400000)
for i = 1, #KEYS - 2 do
  local at = 4 + (i - 1) * 6
  local amount, slot = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  addToSlot(counterAt(KEYS[i + 2], at, now), slot, amount, 0)
end
return 1
