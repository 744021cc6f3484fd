-- A holder ends. When it still has leases, it stays listed, and is given up later.
-- KEYS: holders, leases of the holder.
-- ARGV: holder.
local holdersKey, leasesKey, holder = KEYS[1], KEYS[2], ARGV[1]
if redis.call('EXISTS', leasesKey) == 0 then redis.call('ZREM', holdersKey, holder) end
return 1
