#pragma once

#include <string>

#include "client/client.h"

/// What a user can do about a job that was too large: the end of a sentence, or "" if nothing can be done. Pure.
namespace ringmaster::cli {

/// For a result that was larger than its room. `again`: the option that lets the command run the job again with more
/// room; nullptr: it was given already.
[[nodiscard]] std::string advice(const OutcomeFacts& outcome, const PoolHandlers& pool, const char* again);

/// The most bytes of a request to `handler` (nullptr: not known), by its own limit and its pool's.
[[nodiscard]] std::uint64_t request_limit(const PoolHandlers& pool, const HandlerDescription* handler) noexcept;

/// The message for a request above that limit, with what to do. `what`: "a request of 12 bytes", "\"FILE\"".
[[nodiscard]] std::string request_too_large(const std::string& what, const PoolHandlers& pool,
                                            const HandlerDescription* handler);

/// Why a request of `bytes` was refused: the refusal's own message, or a better one if the pool's limit is the reason.
[[nodiscard]] std::string explain(const Refusal& refusal, std::uint64_t bytes, const PoolHandlers& pool);

}  // namespace ringmaster::cli
