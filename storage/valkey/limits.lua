-- Adds ARGV[1] to the counter of KEYS[1], which lives for ARGV[2] milliseconds from its first count and never falls
-- below 0. What counts nothing makes none. The answer names its key, so that one of another call is noticed.
local key, n, period = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local count = tonumber(redis.call('GET', key))
if not count and n <= 0 then
	return {key, 0, period}
end
if n ~= 0 then
	count = redis.call('INCRBY', key, ARGV[1])
end
if count < 0 then
	count = 0
	redis.call('SET', key, 0, 'KEEPTTL')
end
local left = redis.call('PTTL', key)
if left < 0 then
	left = period
	redis.call('PEXPIRE', key, period)
end
return {key, count, left}
