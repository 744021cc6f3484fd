-- A process comes to Redis, or back to it. The first one after Redis has lost its data begins a new epoch. One that has
-- something to report from an outage begins a new part of the epoch. In both cases all known members are awaited, since
-- no process may rely on counters before every member has reported its own amounts.
-- KEYS: epoch, awaited members, end of the waiting, members that have reported in this epoch, holders.
-- ARGV: time, last known epoch, name for a new one, member, 1 when there is something to report, milliseconds to wait
--   at most, then all known members.
-- Returns the time, the epoch, and whether this member has reported its amounts in this epoch.
local epochKey, awaitedKey, untilKey, membersKey, holdersKey = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local now, lastKnown, newName, member = time(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
local hasNews, waitMs, firstMember = ARGV[5] == '1', ARGV[6], 7
local epoch = redis.call('GET', epochKey)
local isNew = not epoch
if isNew then
  epoch = newName .. '.0'
  redis.call('DEL', awaitedKey, membersKey)
elseif epoch == lastKnown and hasNews then
  local id, part = string.match(epoch, '^(.*)%.(%d+)$')
  epoch = id .. '.' .. whole(part + 1)
  redis.call('DEL', awaitedKey)
  for _, holder in ipairs(redis.call('ZRANGEBYSCORE', holdersKey, whole(now), '+inf')) do
    redis.call('SADD', awaitedKey, (string.match(holder, '^[^:]*')))
  end
  isNew = true
end
if isNew then
  redis.call('SET', epochKey, epoch)
  redis.call('SET', untilKey, whole(now + waitMs), 'PX', whole(waitMs + 60000))
end

local isSameId = string.match(lastKnown, '^[^.]*') == string.match(epoch, '^[^.]*')
if isNew or not isSameId then
  for i = firstMember, #ARGV do
    if isSameId or not redis.call('ZSCORE', membersKey, ARGV[i]) then redis.call('SADD', awaitedKey, ARGV[i]) end
  end
end
if redis.call('EXISTS', awaitedKey) == 1 then redis.call('PEXPIRE', awaitedKey, 60000) end
return { now, epoch, redis.call('ZSCORE', membersKey, member) and 1 or 0 }
