-- KEYS: counters.
-- ARGV: time, then for each counter its kind and parameters, and three unused arguments.
-- Returns the time, and for each counter its sum, reserved and reset.
local now = time(ARGV[1])
local reply = { now }
for i = 1, #KEYS do
  local c = counterAt(KEYS[i], 2 + (i - 1) * 6, now)
  reply[#reply + 1] = c.sum
  reply[#reply + 1] = c.reserved
  reply[#reply + 1] = resetMs(c, now)
end
return reply
