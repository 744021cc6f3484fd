-- The heartbeat of a holder. Also gives up one holder that was silent for too long, and refunds up to 100 of its
-- leases.
-- KEYS: epoch, holders, mark that this holder was given up, members.
-- ARGV: epoch, time, holder, milliseconds of silence until it is given up, its member, prefix of the keys of leases,
--   prefix of the keys of marks.
-- Returns the time, the epoch, whether this holder was given up, then all living holders.
local epochKey, holdersKey, givenUpKey, membersKey = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local expected, now, holder, expiryMs, member = ARGV[1], time(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
local leasesPrefix, givenUpPrefix = ARGV[6], ARGV[7]
local epoch = redis.call('GET', epochKey)
if epoch ~= expected then return { now, epoch or '', 0 } end

redis.call('ZADD', holdersKey, whole(now + expiryMs), holder)
redis.call('ZADD', membersKey, whole(now), member)
-- A member that was silent for 40 days is forgotten.
redis.call('ZREMRANGEBYSCORE', membersKey, '-inf', whole(now - 3456000000))

local dead = redis.call('ZRANGEBYSCORE', holdersKey, '-inf', '(' .. whole(now), 'LIMIT', 0, 1)[1]
if dead then
  local leasesKey = leasesPrefix .. dead
  redis.call('SET', givenUpPrefix .. dead, 1, 'PX', 86400000)
  local some = redis.call('HRANDFIELD', leasesKey, 100, 'WITHVALUES')
  for i = 1, #some, 2 do
    redis.call('HDEL', leasesKey, some[i])
    refund(some[i + 1])
  end
  if redis.call('EXISTS', leasesKey) == 0 then redis.call('ZREM', holdersKey, dead) end
end

local reply = { now, epoch, redis.call('EXISTS', givenUpKey) }
for _, living in ipairs(redis.call('ZRANGEBYSCORE', holdersKey, whole(now), '+inf')) do reply[#reply + 1] = living end
return reply
