#include "client/cli/console/advice.h"

#include <algorithm>

namespace ringmaster::cli {
namespace {

std::string raise(const char* how, const char* key, std::uint64_t limit, const PoolHandlers& pool) {
  return std::string(how) + " session." + std::string(key) + " of pool \"" + pool.pool +
         "\" in the daemon's configuration, " + std::to_string(limit) + " bytes now";
}

}  // namespace

std::string advice(const OutcomeFacts& outcome, const PoolHandlers& pool, const char* again) {
  if (!outcome.wants_room()) return {};
  if (pool.max_result_ring_bytes != 0 && outcome.needed_bytes > pool.max_result_ring_bytes)
    return raise("; raise", "result_ring_max", pool.max_result_ring_bytes, pool);
  if (again != nullptr) return "; " + std::string(again) + " so that it is asked again with that room";
  return {};
}

std::uint64_t request_limit(const PoolHandlers& pool, const HandlerDescription* handler, bool stream) noexcept {
  constexpr std::uint64_t kUnsaid = std::uint64_t{1} << 32;  // an old daemon does not tell its limit
  const std::uint64_t of_stream = pool.max_request_ring_bytes != 0 ? pool.max_request_ring_bytes : kUnsaid;
  const std::uint64_t limit = stream ? of_stream : UINT64_MAX;
  const bool own = handler != nullptr && handler->max_request_bytes != 0;
  return own ? std::min(limit, handler->max_request_bytes) : limit;
}

std::string request_too_large(const std::string& what, const PoolHandlers& pool, const HandlerDescription* handler) {
  const std::uint64_t limit = request_limit(pool, handler, true);
  if (handler != nullptr && handler->max_request_bytes == limit)
    return what + " is too large: handler \"" + handler->name + "\" takes requests up to " + std::to_string(limit) +
           " bytes";
  return what + " is too large for a stream; put it into a file" + raise(", or raise", "request_ring_max", limit, pool);
}

}  // namespace ringmaster::cli
