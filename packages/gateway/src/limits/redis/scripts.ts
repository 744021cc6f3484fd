/**
 * What Redis runs for limits. Time is the server's, so that replicas agree whatever their clocks say. All keys have one hash tag.
 *
 * A counter is a hash. `r`: reserved. Sliding: `s` sum, `n` newest step, `o` no step before it has anything, and each step by its number
 * (from the epoch). Calendar: `s` sum, `e` end of the window. Calls in flight: `r` alone.
 * A lease is a field of its holder's hash: a line `KEY AMOUNT SLOT` for each counter that it has taken from; a slot is the number of
 * the step, or the end of the window.
 *
 * A counter is passed as six arguments: kind (`s`, `c`, `i`), two parameters (sliding: milliseconds of a step, steps in the window;
 * calendar: end of the window that runs by the replica's idea of the server's time, end of the next), and three of the script's.
 */
import type { Script } from '../../redis/index.ts'

const common = `
-- Milliseconds; a time that is given goes before the server's.
local function time(given)
  if given ~= '' then return tonumber(given) end
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function whole(n) return string.format('%.0f', n) end

-- A sliding counter of so many steps, as a hash has it; v are s, r, n, o and the step that runs.
local function slid(c, v, now)
  local step = c.step
  c.n = tonumber(v[3])
  if not c.n then
    c.n, c.o, c.moved = step, step, true
    return
  end
  c.o = tonumber(v[4])
  if step < c.n - c.p2 then
    -- The clock was set back by more than the window: what was used is taken along, else it would stand in the future.
    redis.call('DEL', c.key)
    c.n, c.o, c.cur, c.moved = step, step, c.s, true
    redis.call('HSET', c.key, 's', c.s, 'r', c.r, 'n', step, 'o', step, c.slot, c.s)
  elseif step <= c.n then
    if step < c.n then
      c.slot = v[3]
      c.cur = tonumber(redis.call('HGET', c.key, c.slot)) or 0
    end
  else
    local last, first = c.n, step - c.p2 + 1
    c.moved, c.n = true, step
    if c.o >= first then return end
    local fields, gone = {}, {}
    for s = c.o, math.min(first - 1, last) do fields[#fields + 1] = whole(s) end
    for i, amount in ipairs(redis.call('HMGET', c.key, unpack(fields))) do
      if amount then
        c.s = c.s - amount
        gone[#gone + 1] = fields[i]
      end
    end
    if #gone > 0 then redis.call('HDEL', c.key, unpack(gone)) end
    c.o = first
    redis.call('HSET', c.key, 's', c.s, 'n', c.n, 'o', c.o)
  end
end

-- The counter, moved on to now.
local function load(key, at, now)
  local c = { key = key, kind = ARGV[at], p1 = tonumber(ARGV[at + 1]), p2 = tonumber(ARGV[at + 2]) }
  if c.kind == 'i' then
    c.r = tonumber(redis.call('HGET', key, 'r')) or 0
    c.s = c.r
  elseif c.kind == 'c' then
    local v = redis.call('HMGET', key, 's', 'r', 'e')
    c.s, c.r, c.e, c.slot = tonumber(v[1]) or 0, tonumber(v[2]) or 0, tonumber(v[3]) or 0, v[3]
    if c.e <= now then
      c.s, c.moved = 0, true
      c.slot = ARGV[now < c.p1 and at + 1 or at + 2]
      c.e = tonumber(c.slot)
    elseif c.e > c.p2 then
      -- The clock was set back by a window: what was used is taken along.
      c.e, c.slot, c.moved = c.p1, ARGV[at + 1], true
    end
  else
    c.step = math.floor(now / c.p1)
    c.slot = whole(c.step)
    local v = redis.call('HMGET', key, 's', 'r', 'n', 'o', c.slot)
    c.s, c.r, c.cur = tonumber(v[1]) or 0, tonumber(v[2]) or 0, tonumber(v[5]) or 0
    slid(c, v, now)
  end
  return c
end

-- So long an idle counter stays beyond its window, for calls that began within it.
local afterMs = 900000

-- Adds to what is counted now, and to what is reserved. Returns the slot, as text.
local function put(c, amount, reserved)
  c.s, c.r = c.s + amount, math.max(0, c.r + reserved)
  if c.kind == 'i' then
    c.s = c.r
    if c.r == 0 then redis.call('DEL', c.key) else redis.call('HSET', c.key, 'r', c.r) end
    return '0'
  elseif c.kind == 'c' then
    redis.call('HSET', c.key, 's', c.s, 'r', c.r, 'e', c.slot)
    if c.moved then redis.call('PEXPIREAT', c.key, whole(c.e + afterMs)) end
    c.moved = false
    return c.slot
  end
  c.cur = c.cur + amount
  redis.call('HSET', c.key, 's', c.s, 'r', c.r, 'n', c.n, 'o', c.o, c.slot, c.cur)
  if c.moved then redis.call('PEXPIRE', c.key, whole(c.p1 * c.p2 + afterMs)) end
  c.moved = false
  return c.slot
end

-- Adds to a slot of its own time, which may have left the window; then only what is reserved changes.
local function book(c, slot, amount, reserved)
  if c.kind == 's' and slot < c.n then
    if slot <= c.n - c.p2 then amount = 0 end
    c.s, c.r = c.s + amount, math.max(0, c.r + reserved)
    if amount ~= 0 then
      redis.call('HINCRBY', c.key, whole(slot), whole(amount))
      if slot < c.o then c.o = slot end
    end
    redis.call('HSET', c.key, 's', c.s, 'r', c.r, 'n', c.n, 'o', c.o)
    if c.moved then redis.call('PEXPIRE', c.key, whole(c.p1 * c.p2 + afterMs)) end
    c.moved = false
  elseif c.kind == 'c' and slot < c.e then
    put(c, 0, reserved)
  else
    put(c, amount, reserved)
  end
end

-- Corrects what a lease took. The quick way of book, for a counter of which nothing is known but its key.
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

-- Gives all back that a lease has taken.
local function giveBack(lease)
  for key, amount, slot in string.gmatch(lease, '(%S+) (%S+) (%S+)') do
    correct(key, slot, -amount, -amount)
  end
end

-- Milliseconds until some (sliding) of it is back; of a calendar window until it ends, used or not.
local function reset(c, now)
  if c.kind == 'i' then return 0 end
  if c.kind == 'c' then return math.max(1, c.e - now) end
  if c.s == 0 then return 0 end
  while c.o < c.n do
    local amount = redis.call('HGET', c.key, whole(c.o))
    if amount and amount ~= '0' then break end
    c.o = c.o + 1
  end
  return math.max(0, (c.o + c.p2) * c.p1 - now)
end

-- Milliseconds until the amount has room, if nothing is given back before; 1000 where only calls under way keep it.
local function room(c, amount, limit, now)
  if c.kind == 'i' then return 1000 end
  if c.kind == 'c' then
    if c.s - c.r + amount <= limit then return 1000 end
    return math.max(1, c.e - now)
  end
  local sum = c.s
  if c.o < c.n then
    local fields = {}
    for s = c.o, c.n - 1 do fields[#fields + 1] = whole(s) end
    for i, had in ipairs(redis.call('HMGET', c.key, unpack(fields))) do
      sum = sum - (had or 0)
      if sum + amount <= limit then return math.max(1, (c.o + i - 1 + c.p2) * c.p1 - now) end
    end
  end
  return math.max(1, (c.n + c.p2) * c.p1 - now)
end
`

const script = (name: string, lua: string): Script => ({ name, lua: common + lua })

/**
 * KEYS: epoch, leases of the holder, counters. ARGV: epoch, time, lease, then for each counter: kind, parameters, amount, limit,
 * flags (1 enforce, 2 take).
 * @returns taken (1) or not (0), time, and for each counter: sum, reset, and how long until there is room, 0 where there is. -1, time when
 * it is not this epoch.
 */
export const reserveScript = script(
  'reserve',
  `
local now = time(ARGV[2])
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return { -1, now } end
local known, all, short = {}, {}, false
for i = 1, #KEYS - 2 do
  local key, at = KEYS[i + 2], 4 + (i - 1) * 6
  local c = known[key]
  if not c then
    c = load(key, at, now)
    known[key] = c
  end
  local amount, flags = tonumber(ARGV[at + 3]), ARGV[at + 5]
  local fits = amount == 0 or c.s + amount <= tonumber(ARGV[at + 4])
  if not fits and (flags == '1' or flags == '3') then short = true end
  all[i] = { c = c, amount = amount, fits = fits, takes = flags >= '2' }
end
if not short then
  local lease = {}
  for i, one in ipairs(all) do
    if one.takes then
      local slot = put(one.c, one.amount, one.amount)
      lease[#lease + 1] = one.c.key .. ' ' .. ARGV[i * 6 + 1] .. ' ' .. slot
    end
  end
  redis.call('HSET', KEYS[2], ARGV[3], table.concat(lease, '\\n'))
end
local reply = { short and 0 or 1, now }
for i, one in ipairs(all) do
  reply[i * 3] = one.c.s
  reply[i * 3 + 1] = reset(one.c, now)
  reply[i * 3 + 2] = one.fits and 0 or (short and room(one.c, one.amount, tonumber(ARGV[i * 6 + 2]), now) or 1)
end
return reply
`,
)

/**
 * KEYS: epoch, then for each lease: leases of its holder, mark that the holder was given up, its counters. ARGV: epoch, time, number of leases, then
 * for each: lease, number of counters (-1: gives back whatever it took), then for each counter: kind, parameters, amount, used, slot.
 * A lease that is not there was settled before, unless its holder was given up: then it was given back, and what it used is added.
 * @returns 1, or -1 when it is not this epoch.
 */
export const settleScript = script(
  'settle',
  `
local now = time(ARGV[2])
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
local k, a = 2, 4
for _ = 1, tonumber(ARGV[3]) do
  local leases, gone, lease, counters = KEYS[k], KEYS[k + 1], ARGV[a], tonumber(ARGV[a + 1])
  k, a = k + 2, a + 2
  if counters == -1 then
    local took = redis.call('HGET', leases, lease)
    if took then
      redis.call('HDEL', leases, lease)
      giveBack(took)
    end
    counters = 0
  elseif redis.call('HDEL', leases, lease) == 1 then
    for i = 0, counters - 1 do
      local at = a + i * 6
      local amount = tonumber(ARGV[at + 3])
      correct(KEYS[k + i], ARGV[at + 5], ARGV[at + 4] - amount, -amount)
    end
  elseif redis.call('EXISTS', gone) == 1 then
    for i = 0, counters - 1 do
      local at = a + i * 6
      book(load(KEYS[k + i], at, now), tonumber(ARGV[at + 5]), tonumber(ARGV[at + 4]), 0)
    end
  end
  k, a = k + counters, a + counters * 6
end
return 1
`,
)

/**
 * Adds what was used while the store could not be told. KEYS: epoch, last number of the holder, counters. ARGV: epoch, time, number, then for each counter:
 * kind, parameters, amount, slot, nothing. A number that was taken before is not taken again.
 * @returns 1, or -1 when it is not this epoch.
 */
export const bookScript = script(
  'book',
  `
local now = time(ARGV[2])
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
if tonumber(redis.call('GET', KEYS[2]) or '0') >= tonumber(ARGV[3]) then return 1 end
redis.call('SET', KEYS[2], ARGV[3], 'PX', 86400000)
for i = 1, #KEYS - 2 do
  local at = 4 + (i - 1) * 6
  book(load(KEYS[i + 2], at, now), tonumber(ARGV[at + 4]), tonumber(ARGV[at + 3]), 0)
end
return 1
`,
)

/**
 * Makes a lease known that was taken without the store. KEYS: epoch, leases of the holder, counters. ARGV: epoch, time, lease, then for each counter: kind,
 * parameters, amount, slot, 1 when the amount is to be counted (0: it has been told already). A lease that is there is left alone.
 * @returns 1, or -1 when it is not this epoch.
 */
export const adoptScript = script(
  'adopt',
  `
local now = time(ARGV[2])
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
if redis.call('HEXISTS', KEYS[2], ARGV[3]) == 1 then return 1 end
local lease = {}
for i = 1, #KEYS - 2 do
  local at = 4 + (i - 1) * 6
  local amount, slot = tonumber(ARGV[at + 3]), ARGV[at + 4]
  book(load(KEYS[i + 2], at, now), tonumber(slot), ARGV[at + 5] == '1' and amount or 0, amount)
  lease[#lease + 1] = KEYS[i + 2] .. ' ' .. ARGV[at + 3] .. ' ' .. slot
end
redis.call('HSET', KEYS[2], ARGV[3], table.concat(lease, '\\n'))
return 1
`,
)

/** KEYS: leases of a holder. @returns their names. */
export const leasesScript = script('leases', `return redis.call('HKEYS', KEYS[1])`)

/**
 * KEYS: counters. ARGV: time, then for each counter: kind, parameters, and three that are not used.
 * @returns time, and for each counter: sum, reserved, reset.
 */
export const readScript = script(
  'read',
  `
local now = time(ARGV[1])
local reply = { now }
for i = 1, #KEYS do
  local c = load(KEYS[i], 2 + (i - 1) * 6, now)
  reply[#reply + 1] = c.s
  reply[#reply + 1] = c.r
  reply[#reply + 1] = reset(c, now)
end
return reply
`,
)

/**
 * Says that a holder lives, and gives back what one has reserved that was silent for too long: a bounded number of leases.
 * KEYS: epoch, holders, mark that this holder was given up, members. ARGV: epoch, time, holder, milliseconds until it is given up, its member, beginning of
 * the keys of leases, beginning of the keys of marks.
 * @returns time, epoch, whether this holder was given up, then all living holders.
 */
export const beatScript = script(
  'beat',
  `
local now = time(ARGV[2])
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] then return { now, epoch or '', 0 } end
redis.call('ZADD', KEYS[2], whole(now + ARGV[4]), ARGV[3])
redis.call('ZADD', KEYS[4], whole(now), ARGV[5])
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', whole(now - 3456000000))
local dead = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '(' .. whole(now), 'LIMIT', 0, 1)[1]
if dead then
  local leases = ARGV[6] .. dead
  redis.call('SET', ARGV[7] .. dead, 1, 'PX', 86400000)
  local some = redis.call('HRANDFIELD', leases, 100, 'WITHVALUES')
  for i = 1, #some, 2 do
    redis.call('HDEL', leases, some[i])
    giveBack(some[i + 1])
  end
  if redis.call('EXISTS', leases) == 0 then redis.call('ZREM', KEYS[2], dead) end
end
local reply = { now, epoch, redis.call('EXISTS', KEYS[3]) }
for _, holder in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], whole(now), '+inf')) do reply[#reply + 1] = holder end
return reply
`,
)

/**
 * Comes (back) to the store. The first one after it has lost its data begins a new epoch; one that has something to tell from an outage
 * begins a new part of it. In both cases everybody who is known is waited for, since nobody may rely on counters that not all have told theirs.
 * KEYS: epoch, awaited, until when, members, holders. ARGV: time, epoch as last known, name of a new one, member, 1 when there is something to tell,
 * milliseconds to wait at most, then members known. Members are those that have told theirs in this epoch.
 * @returns time, epoch, whether this member has told its own in this epoch.
 */
export const joinScript = script(
  'join',
  `
local now = time(ARGV[1])
local epoch, known, member = redis.call('GET', KEYS[1]), ARGV[2], ARGV[4]
local isNew = not epoch
if isNew then
  epoch = ARGV[3] .. '.0'
  redis.call('DEL', KEYS[2], KEYS[4])
elseif epoch == known and ARGV[5] == '1' then
  local id, part = string.match(epoch, '^(.*)%.(%d+)$')
  epoch = id .. '.' .. whole(part + 1)
  redis.call('DEL', KEYS[2])
  for _, holder in ipairs(redis.call('ZRANGEBYSCORE', KEYS[5], whole(now), '+inf')) do
    redis.call('SADD', KEYS[2], (string.match(holder, '^[^:]*')))
  end
  isNew = true
end
if isNew then
  redis.call('SET', KEYS[1], epoch)
  redis.call('SET', KEYS[3], whole(now + ARGV[6]), 'PX', whole(ARGV[6] + 60000))
end
local sameId = string.match(known, '^[^.]*') == string.match(epoch, '^[^.]*')
if isNew or not sameId then
  for i = 7, #ARGV do
    if sameId or not redis.call('ZSCORE', KEYS[4], ARGV[i]) then redis.call('SADD', KEYS[2], ARGV[i]) end
  end
end
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('PEXPIRE', KEYS[2], 60000) end
return { now, epoch, redis.call('ZSCORE', KEYS[4], member) and 1 or 0 }
`,
)

/**
 * Says that a member has told all that is its own. KEYS: epoch, awaited, until when, members. ARGV: epoch, time, member.
 * @returns time, and whether somebody is still waited for; -1 when it is not this epoch.
 */
export const toldScript = script(
  'told',
  `
local now = time(ARGV[2])
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return { now, -1 } end
redis.call('ZADD', KEYS[4], whole(now), ARGV[3])
redis.call('SREM', KEYS[2], ARGV[3])
local untilMs = tonumber(redis.call('GET', KEYS[3]) or '0')
return { now, (now < untilMs and redis.call('SCARD', KEYS[2]) > 0) and 1 or 0 }
`,
)

/** A holder that ends and has settled everything. KEYS: holders, its leases. ARGV: holder. One with leases left is given up in time. */
export const leaveScript = script(
  'leave',
  `
if redis.call('EXISTS', KEYS[2]) == 0 then redis.call('ZREM', KEYS[1], ARGV[1]) end
return 1
`,
)
