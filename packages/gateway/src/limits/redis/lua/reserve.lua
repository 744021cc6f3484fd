-- Reserves with all counters, or with none.
-- KEYS: epoch, leases of the holder, then the counters.
-- ARGV: epoch, time, lease, then for each counter its kind and parameters, amount, limit, flags (1 enforce, 2 take).
-- Returns 1 (reserved) or 0, the time, and for each counter its sum, reset, and milliseconds until it has room (0 where
--   it has).
-- Returns -1 and the time in another epoch.
local epochKey, leasesKey = KEYS[1], KEYS[2]
local epoch, now, lease = ARGV[1], time(ARGV[2]), ARGV[3]
if redis.call('GET', epochKey) ~= epoch then return { -1, now } end

local known, all, isFull = {}, {}, false
for i = 1, #KEYS - 2 do
  local key, at = KEYS[i + 2], 4 + (i - 1) * 6
  local amountText, limit, flags = ARGV[at + 3], tonumber(ARGV[at + 4]), ARGV[at + 5]
  local c = known[key]
  if not c then
    c = counterAt(key, at, now)
    known[key] = c
  end
  local amount = tonumber(amountText)
  local fits = amount == 0 or c.sum + amount <= limit
  if not fits and (flags == '1' or flags == '3') then isFull = true end
  all[i] = { c = c, amount = amount, amountText = amountText, limit = limit, fits = fits, takes = flags >= '2' }
end

if not isFull then
  local lines = {}
  for _, one in ipairs(all) do
    if one.takes then
      local slot = addNow(one.c, one.amount, one.amount)
      lines[#lines + 1] = leaseLine(one.c.key, one.amountText, slot)
    end
  end
  redis.call('HSET', leasesKey, lease, table.concat(lines, '\n'))
end

local reply = { isFull and 0 or 1, now }
for i, one in ipairs(all) do
  reply[i * 3] = one.c.sum
  reply[i * 3 + 1] = resetMs(one.c, now)
  reply[i * 3 + 2] = one.fits and 0 or (isFull and roomMs(one.c, one.amount, one.limit, now) or 1)
end
return reply
