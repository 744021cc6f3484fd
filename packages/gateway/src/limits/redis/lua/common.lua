-- Functions that the scripts of this folder share. `scripts.ts` puts this text before each script. PROTOCOL.md
-- describes the keys.
--
-- A counter is passed as one key and six arguments: kind, two parameters, and three arguments of the script's own.
--   kind 's' (sliding):  milliseconds of a step, steps in the window
--   kind 'c' (calendar): end of the current window and of the next one, by the replica's estimate of the server's time
--   kind 'i' (calls in flight): 0, 0

-- Milliseconds. A given time (of a test) replaces the server's.
local function time(given)
  if given ~= '' then return tonumber(given) end
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function whole(n) return string.format('%.0f', n) end

-- An idle counter is kept for this time after its window, for calls that started within the window.
local afterMs = 900000

-- Sets the expiry of a sliding counter again where it has left its last step.
local function keep(c)
  if c.moved then redis.call('PEXPIRE', c.key, whole(c.stepMs * c.steps + afterMs)) end
  c.moved = false
end

-- Moves a sliding counter on to its step of now. `newest` and `oldest` are the fields n and o as the hash has them.
local function slide(c, newest, oldest)
  local step = c.step
  c.newest = tonumber(newest)
  if not c.newest then
    c.newest, c.oldest, c.moved = step, step, true
    return
  end
  c.oldest = tonumber(oldest)
  if step < c.newest - c.steps then
    -- The clock was set back by more than the window. The amounts move to the current step; otherwise they would lie in
    -- the future.
    redis.call('DEL', c.key)
    c.newest, c.oldest, c.current, c.moved = step, step, c.sum, true
    redis.call('HSET', c.key, 's', c.sum, 'r', c.reserved, 'n', step, 'o', step, c.slot, c.sum)
    keep(c)
  elseif step <= c.newest then
    if step < c.newest then
      c.slot = newest
      c.current = tonumber(redis.call('HGET', c.key, c.slot)) or 0
    end
  else
    local last, first = c.newest, step - c.steps + 1
    c.moved, c.newest = true, step
    if c.oldest >= first then return end
    local fields, expired = {}, {}
    for s = c.oldest, math.min(first - 1, last) do fields[#fields + 1] = whole(s) end
    for i, amount in ipairs(redis.call('HMGET', c.key, unpack(fields))) do
      if amount then
        c.sum = c.sum - amount
        expired[#expired + 1] = fields[i]
      end
    end
    if #expired > 0 then redis.call('HDEL', c.key, unpack(expired)) end
    c.oldest = first
    redis.call('HSET', c.key, 's', c.sum, 'n', c.newest, 'o', c.oldest)
    -- What adds next finds a counter that was in this step already.
    keep(c)
  end
end

-- Reads the counter whose six arguments begin at ARGV[at], and moves it on to now. Fields: sum and reserved; slot, the
-- step or window that amounts are added to now; moved, whether it has left its last step or window, so that its expiry
-- must be set again.
local function counterAt(key, at, now)
  local kind = ARGV[at]
  local c = { key = key, kind = kind }
  if kind == 'i' then
    c.reserved = tonumber(redis.call('HGET', key, 'r')) or 0
    c.sum = c.reserved
  elseif kind == 'c' then
    local windowEnd, nextEnd = ARGV[at + 1], ARGV[at + 2]
    local v = redis.call('HMGET', key, 's', 'r', 'e')
    c.sum, c.reserved, c.ends, c.slot = tonumber(v[1]) or 0, tonumber(v[2]) or 0, tonumber(v[3]) or 0, v[3]
    if c.ends <= now then
      c.sum, c.moved = 0, true
      c.slot = now < tonumber(windowEnd) and windowEnd or nextEnd
      c.ends = tonumber(c.slot)
    elseif c.ends > tonumber(nextEnd) then
      -- The clock was set back by a window. The amounts move to the current window.
      c.ends, c.slot, c.moved = tonumber(windowEnd), windowEnd, true
    end
  else
    c.stepMs, c.steps = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    c.step = math.floor(now / c.stepMs)
    c.slot = whole(c.step)
    local v = redis.call('HMGET', key, 's', 'r', 'n', 'o', c.slot)
    c.sum, c.reserved, c.current = tonumber(v[1]) or 0, tonumber(v[2]) or 0, tonumber(v[5]) or 0
    slide(c, v[3], v[4])
  end
  return c
end

-- Adds to what is counted now, and to what is reserved. Returns the slot, as text.
local function addNow(c, amount, reserved)
  c.sum, c.reserved = c.sum + amount, math.max(0, c.reserved + reserved)
  if c.kind == 'i' then
    c.sum = c.reserved
    if c.reserved == 0 then redis.call('DEL', c.key) else redis.call('HSET', c.key, 'r', c.reserved) end
    return '0'
  elseif c.kind == 'c' then
    redis.call('HSET', c.key, 's', c.sum, 'r', c.reserved, 'e', c.slot)
    if c.moved then redis.call('PEXPIREAT', c.key, whole(c.ends + afterMs)) end
    c.moved = false
    return c.slot
  end
  c.current = c.current + amount
  redis.call('HSET', c.key, 's', c.sum, 'r', c.reserved, 'n', c.newest, 'o', c.oldest, c.slot, c.current)
  keep(c)
  return c.slot
end

-- Adds to an earlier slot. When that slot has left the window, only what is reserved changes.
local function addToSlot(c, slot, amount, reserved)
  if c.kind == 's' and slot < c.newest then
    if slot <= c.newest - c.steps then amount = 0 end
    c.sum, c.reserved = c.sum + amount, math.max(0, c.reserved + reserved)
    if amount ~= 0 then
      redis.call('HINCRBY', c.key, whole(slot), whole(amount))
      if slot < c.oldest then c.oldest = slot end
    end
    redis.call('HSET', c.key, 's', c.sum, 'r', c.reserved, 'n', c.newest, 'o', c.oldest)
    keep(c)
  elseif c.kind == 'c' and slot < c.ends then
    addNow(c, 0, reserved)
  else
    addNow(c, amount, reserved)
  end
end

-- Corrects what a lease reserved. A quick form of addToSlot for a counter of which only the key is known.
local function correct(key, slot, amount, reserved)
  local v = redis.call('HMGET', key, 's', 'r', 'e', slot)
  local r = math.max(0, (tonumber(v[2]) or 0) + reserved)
  if not v[1] then
    if r == 0 then redis.call('DEL', key) else redis.call('HSET', key, 'r', r) end
  elseif amount == 0 then
    redis.call('HSET', key, 'r', r)
  elseif v[3] == slot then
    redis.call('HSET', key, 'r', r, 's', v[1] + amount)
  elseif v[4] and not v[3] then
    redis.call('HSET', key, 'r', r, 's', v[1] + amount, slot, v[4] + amount)
  else
    redis.call('HSET', key, 'r', r)
  end
end

-- The text of a lease: one line for each counter.
local function leaseLine(key, amount, slot) return key .. ' ' .. amount .. ' ' .. slot end

-- Refunds everything that a lease has reserved.
local function refund(lease)
  for key, amount, slot in string.gmatch(lease, '(%S+) (%S+) (%S+)') do
    correct(key, slot, -amount, -amount)
  end
end

-- Milliseconds until some of a sliding window is free again; until a calendar window ends, used or not.
local function resetMs(c, now)
  if c.kind == 'i' then return 0 end
  if c.kind == 'c' then return math.max(1, c.ends - now) end
  if c.sum == 0 then return 0 end
  while c.oldest < c.newest do
    local amount = redis.call('HGET', c.key, whole(c.oldest))
    if amount and amount ~= '0' then break end
    c.oldest = c.oldest + 1
  end
  return math.max(0, (c.oldest + c.steps) * c.stepMs - now)
end

-- Milliseconds until the amount has room, if nothing is refunded before; 1000 where only calls in flight take the
-- room.
local function roomMs(c, amount, limit, now)
  if c.kind == 'i' then return 1000 end
  if c.kind == 'c' then
    if c.sum - c.reserved + amount <= limit then return 1000 end
    return math.max(1, c.ends - now)
  end
  local sum = c.sum
  if c.oldest < c.newest then
    local fields = {}
    for s = c.oldest, c.newest - 1 do fields[#fields + 1] = whole(s) end
    for i, had in ipairs(redis.call('HMGET', c.key, unpack(fields))) do
      sum = sum - (had or 0)
      if sum + amount <= limit then return math.max(1, (c.oldest + i - 1 + c.steps) * c.stepMs - now) end
    end
  end
  return math.max(1, (c.newest + c.steps) * c.stepMs - now)
end
