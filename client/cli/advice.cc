#include "client/cli/advice.h"

namespace ringmaster::cli {
namespace {

std::string raise(const char* key, std::uint64_t limit, const PoolHandlers& pool) {
  return "; raise session." + std::string(key) + " of pool \"" + pool.pool + "\" in the daemon's configuration, " +
         std::to_string(limit) + " bytes now";
}

}  // namespace

std::string advice(const OutcomeFacts& outcome, const PoolHandlers& pool, const char* again) {
  if (outcome.cause != Cause::TooLarge || outcome.needed_bytes == 0) return {};
  if (pool.max_result_ring_bytes != 0 && outcome.needed_bytes > pool.max_result_ring_bytes)
    return raise("reply_max", pool.max_result_ring_bytes, pool);
  if (again != nullptr) return "; " + std::string(again) + " so that it is asked again with that room";
  return {};
}

std::string explain(const Refusal& refusal, std::uint64_t bytes, const PoolHandlers& pool) {
  const std::uint64_t limit = pool.max_request_ring_bytes;
  if (refusal.error != SubmitError::TooLarge || limit == 0 || bytes <= limit) return refusal.message;
  return "a request of " + std::to_string(bytes) + " bytes is too large" + raise("request_max", limit, pool);
}

}  // namespace ringmaster::cli
