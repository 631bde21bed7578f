#pragma once

#include <string>

#include "client/client.h"

/// What a user can do about a job that was too large: the end of a sentence, or "" if nothing can be done. Pure.
namespace ringmaster::cli {

/// For a result that was larger than its room. `again`: the option that lets the command run the job again with more
/// room; nullptr: it was given already.
[[nodiscard]] std::string advice(const OutcomeFacts& outcome, const PoolHandlers& pool, const char* again);

/// The most bytes of a request to `handler` (nullptr: not known), by its own limit, and for a stream, which is read
/// into this process first, by its pool's. How large a file may be decides the daemon.
[[nodiscard]] std::uint64_t request_limit(const PoolHandlers& pool, const HandlerDescription* handler,
                                          bool stream) noexcept;

/// The message for a request above that limit, with what to do. `what`: "a request of 12 bytes", "\"FILE\"".
[[nodiscard]] std::string request_too_large(const std::string& what, const PoolHandlers& pool,
                                            const HandlerDescription* handler);

}  // namespace ringmaster::cli
