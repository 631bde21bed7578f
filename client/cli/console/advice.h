#pragma once

#include <string>

#include "client/client.h"

/// What a user can do about a job that was too large, as the end of a sentence, or "" where there is nothing.
/// Pure.
namespace ringmaster::cli {

/// Of a result that was larger than its room. `again`: the option by which the command may ask for it once more;
/// nullptr: it may already.
[[nodiscard]] std::string advice(const OutcomeFacts& outcome, const PoolHandlers& pool, const char* again);

/// Bytes that a request to `handler` (nullptr: not known) may have at most, by its own limit and its pool's.
[[nodiscard]] std::uint64_t request_limit(const PoolHandlers& pool, const HandlerDescription* handler) noexcept;

/// That a request is larger than that, and what to do. `what`: "a request of 12 bytes", "\"FILE\"".
[[nodiscard]] std::string request_too_large(const std::string& what, const PoolHandlers& pool,
                                            const HandlerDescription* handler);

/// Why a request of `bytes` found no place: the refusal's sentence, or a better one where the pool's limit is the
/// reason.
[[nodiscard]] std::string explain(const Refusal& refusal, std::uint64_t bytes, const PoolHandlers& pool);

}  // namespace ringmaster::cli
