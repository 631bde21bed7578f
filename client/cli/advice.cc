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

std::string advice(const Refusal& refusal, std::uint64_t bytes, const PoolHandlers& pool) {
  if (refusal.error != SubmitError::TooLarge || pool.max_request_ring_bytes == 0) return {};
  if (bytes <= pool.max_request_ring_bytes) return {};
  return raise("request_max", pool.max_request_ring_bytes, pool);
}

}  // namespace ringmaster::cli
