// The script that the store runs for limits of scope "fleet"; docs/store.md describes it, its keys
// and its arguments. It is the whole limit: the other half, quota_lease.h, only ever holds what was
// taken here. Time is the store's own, so the machines' clocks need not agree.
//
// Exact but for the grain of a double: times are microseconds since a fixed day, good to 0.01 us.
#ifndef SLUICE_PROXY_ADMISSION_QUOTA_SCRIPT_H_
#define SLUICE_PROXY_ADMISSION_QUOTA_SCRIPT_H_

#include <string_view>

namespace sluice::admission {

inline constexpr std::string_view kQuotaScript = R"lua(
-- KEYS[1]  sorted set of the instances, by when they were last heard of
-- KEYS[2..]  for each key of the limit: until when it owes
-- ARGV[1..4]  this instance; ms after which one is gone; us per token; capacity in tokens
-- ARGV[5..]  for each key, two: tokens to pay (below 0: to give back), tokens wanted
-- Returns the number of instances, then for each key: tokens granted, tokens left.
local clock = redis.call('TIME')
local now = (clock[1] - 1760000000) * 1000000 + clock[2]
local gone = tonumber(ARGV[2])
redis.call('ZADD', KEYS[1], now / 1000, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now / 1000 - gone)
redis.call('PEXPIRE', KEYS[1], gone)
local instances = redis.call('ZCARD', KEYS[1])
local answer = {instances}
if #KEYS == 1 then return answer end
local token = tonumber(ARGV[3])
local capacity = tonumber(ARGV[4])
local window = capacity * token
local most = 2 * window + instances * token
local owed = redis.call('MGET', unpack(KEYS, 2))
for i = 1, #owed do
  local debt = math.max((tonumber(owed[i] or 0) or 0) - now, 0)
  if debt > most then debt = window end
  debt = math.min(math.max(debt + ARGV[2 * i + 3] * token, 0), most)
  local room = math.floor((window - debt) / token + 0.000001)
  local granted = math.max(math.min(room, tonumber(ARGV[2 * i + 4])), 0)
  debt = debt + granted * token
  if debt > 0 then
    redis.call('SET', KEYS[i + 1], string.format('%.3f', now + debt),
               'PX', string.format('%.0f', math.ceil(debt / 1000) + 1))
  elseif owed[i] then
    redis.call('DEL', KEYS[i + 1])
  end
  answer[2 * i] = granted
  answer[2 * i + 1] = room - granted
end
return answer
)lua";

}  // namespace sluice::admission

#endif  // SLUICE_PROXY_ADMISSION_QUOTA_SCRIPT_H_
