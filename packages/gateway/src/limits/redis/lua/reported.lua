-- A member has reported everything of its own.
-- KEYS: epoch, awaited members, end of the waiting, members that have reported in this epoch.
-- ARGV: epoch, time, member.
-- Returns the time, and 1 while other members are awaited, else 0; -1 in another epoch.
local epochKey, awaitedKey, untilKey, membersKey = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local epoch, now, member = ARGV[1], time(ARGV[2]), ARGV[3]
if redis.call('GET', epochKey) ~= epoch then return { now, -1 } end
redis.call('ZADD', membersKey, whole(now), member)
redis.call('SREM', awaitedKey, member)
local untilMs = tonumber(redis.call('GET', untilKey) or '0')
return { now, (now < untilMs and redis.call('SCARD', awaitedKey) > 0) and 1 or 0 }
