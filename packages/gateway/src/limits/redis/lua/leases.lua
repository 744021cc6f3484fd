-- KEYS: leases of a holder.
-- Returns the names of its leases.
return redis.call('HKEYS', KEYS[1])
