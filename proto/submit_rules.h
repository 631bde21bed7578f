#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proto/handler_table.h"

/// What a job must keep to before it is taken: one check for the client of a session, before it publishes, and for the
/// daemon, of a job that comes as a message. Pure; a job that keeps to the rules allocates nothing.
namespace ringmaster {

/// How a job goes to its pool, which bounds its sizes.
enum class SubmitWay : std::uint8_t { Session, Message };

/// What there is to be kept to. Views: the caller's.
struct SubmitLimits {
  SubmitWay way = SubmitWay::Session;
  std::string_view pool;
  std::span<const HandlerDescription> handlers;
  bool handlers_known = true;       ///< false: no worker has been ready yet, so any name may be right
  std::uint64_t request_bytes = 0;  ///< the most of one request
  std::uint64_t ring_bytes = 0;     ///< of the ring that request and arguments share
  std::uint64_t result_bytes = 0;   ///< the most room for a result
  std::uint64_t shortest_run_ms = 0;
  std::uint64_t longest_run_ms = 0;  ///< 0: not said
};

/// What is asked for.
struct SubmitWish {
  std::string_view handler;
  std::span<const ArgumentView> arguments = {};
  std::uint64_t request_bytes = 0;
  std::uint64_t ring_room = 0;  ///< what request and encoded_size(arguments) take of the ring
  std::optional<std::uint64_t> result_capacity = std::nullopt;  ///< unset: by the handler's rule
  std::uint64_t run_timeout_ms = 0;                             ///< 0: the pool's; kNoTimeout: none that can be
  std::uint64_t queue_timeout_ms = 0;
};
inline constexpr std::uint64_t kNoTimeout = ~std::uint64_t{0};

/// A wish that keeps to the rules, as a job descriptor has it.
struct SubmitTerms {
  const HandlerDescription* handler = nullptr;  ///< null: handlers are not known yet
  std::uint64_t result_capacity = 0;
  std::uint32_t run_timeout_ms = 0;
  std::uint32_t queue_timeout_ms = 0;
};

enum class SubmitFault : std::uint8_t { UnknownHandler, BadArguments, TooLarge, BadOption };
struct SubmitRefusal {
  SubmitFault fault = SubmitFault::BadOption;
  std::string message;      ///< what was tried, what was found, what to do
  std::uint64_t asked = 0;  ///< TooLarge: bytes
  std::uint64_t limit = 0;
};

/// The first of the checks, for those who take the request's bytes before the rest is known.
[[nodiscard]] std::optional<SubmitRefusal> check_request_bytes(std::uint64_t bytes, const SubmitLimits& limits);

/// nullopt: `terms` is filled in, and encode_arguments() takes the arguments.
[[nodiscard]] std::optional<SubmitRefusal> check_submit(const SubmitWish& wish, const SubmitLimits& limits,
                                                        SubmitTerms& terms);

}  // namespace ringmaster
