#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proto/handler_table.h"

/// The rules that a job must keep before it is accepted. Checked by the client of a session before it publishes, and by
/// the daemon for a job that comes as a message. Pure; nothing is allocated for a job that keeps the rules.
namespace ringmaster::wire {

/// How a job is submitted; its sizes have different limits by that.
enum class SubmitWay : std::uint8_t { Session, Message };

/// The limits for a job. The caller owns what the views point to.
struct SubmitLimits {
  SubmitWay way = SubmitWay::Session;
  std::string_view pool;
  std::span<const HandlerDescription> handlers;
  bool handlers_known = true;       ///< false: no worker has been ready yet, so any handler's name is accepted
  std::uint64_t request_bytes = 0;  ///< the most bytes of one request
  std::uint64_t ring_bytes = 0;     ///< size of the ring that request and arguments share
  std::uint64_t result_bytes = 0;   ///< the highest result capacity
  std::uint64_t shortest_run_ms = 0;
  std::uint64_t longest_run_ms = 0;  ///< 0: not known
};

/// What the submitter asks for.
struct SubmitWish {
  std::string_view handler = {};
  std::span<const ArgumentView> arguments = {};
  std::uint64_t request_bytes = 0;
  std::uint64_t ring_room = 0;  ///< bytes of the ring that the request and its encoded arguments take
  std::optional<std::uint64_t> result_capacity = std::nullopt;  ///< unset: by the handler's rule
  std::uint64_t run_timeout_ms = 0;  ///< 0: the pool's; kNoTimeout: the caller's value is out of range
  std::uint64_t queue_timeout_ms = 0;
};
inline constexpr std::uint64_t kNoTimeout = ~std::uint64_t{0};

/// The values for the job descriptor, of a wish that keeps the rules.
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

namespace submit_rules_detail {
/// The rules, in the order in which they are checked.
enum class Rule : std::uint8_t {
  None,
  KnownHandler,
  HandlersRequest,
  Request,
  Arguments,
  Ring,
  Timeouts,
  ShortestRun,
  LongestRun,
  Result
};
/// The result capacity while the pool's handlers are not known.
inline constexpr std::uint64_t kUnknownResultBytes = std::uint64_t{64} << 10;
inline constexpr std::uint64_t kLongestTimeoutMs = 0xFFFFFFFF;

[[nodiscard]] bool arguments_are_good(const HandlerDescription* handler, std::span<const ArgumentView> arguments);
[[nodiscard]] SubmitRefusal refusal_of(Rule rule, const HandlerDescription* handler, const SubmitWish& wish,
                                       const SubmitLimits& limits);

[[nodiscard, gnu::always_inline]] inline Rule first_broken(const HandlerDescription* handler, const SubmitWish& wish,
                                                           const SubmitLimits& limits) {
  if (handler == nullptr && limits.handlers_known) return Rule::KnownHandler;
  if (handler != nullptr && handler->max_request_bytes != 0 && wish.request_bytes > handler->max_request_bytes)
    return Rule::HandlersRequest;
  if (wish.request_bytes > limits.request_bytes) return Rule::Request;
  if (!wish.arguments.empty() || (handler != nullptr && !handler->arguments.empty())) {
    if (!arguments_are_good(handler, wish.arguments)) return Rule::Arguments;
    if (wish.ring_room > limits.ring_bytes) return Rule::Ring;
  }
  if (wish.run_timeout_ms > kLongestTimeoutMs || wish.queue_timeout_ms > kLongestTimeoutMs) return Rule::Timeouts;
  if (wish.run_timeout_ms != 0 && wish.run_timeout_ms < limits.shortest_run_ms) return Rule::ShortestRun;
  if (limits.longest_run_ms != 0 && wish.run_timeout_ms > limits.longest_run_ms) return Rule::LongestRun;
  if (wish.result_capacity.value_or(0) > limits.result_bytes) return Rule::Result;
  return Rule::None;
}
}  // namespace submit_rules_detail

/// Checks only the request's size, for callers that copy the request before they know the rest.
[[nodiscard]] inline std::optional<SubmitRefusal> check_request_bytes(std::uint64_t bytes, const SubmitLimits& limits) {
  if (bytes <= limits.request_bytes) return std::nullopt;
  SubmitWish wish;
  wish.request_bytes = bytes;
  return submit_rules_detail::refusal_of(submit_rules_detail::Rule::Request, nullptr, wish, limits);
}

/// nullopt: the job keeps the rules, `terms` is filled in, and encode_arguments() will succeed. Inline, because it is
/// called for each job.
[[nodiscard, gnu::always_inline]] inline std::optional<SubmitRefusal> check_submit(const SubmitWish& wish,
                                                                                   const SubmitLimits& limits,
                                                                                   SubmitTerms& terms) {
  using submit_rules_detail::Rule;
  const HandlerDescription* handler = nullptr;
  for (std::size_t at = 0; at < limits.handlers.size() && handler == nullptr; ++at)
    if (limits.handlers[at].name == wish.handler) handler = &limits.handlers[at];
  if (const Rule broken = submit_rules_detail::first_broken(handler, wish, limits); broken != Rule::None) [[unlikely]]
    return submit_rules_detail::refusal_of(broken, handler, wish, limits);
  terms.handler = handler;
  if (wish.result_capacity) {
    terms.result_capacity = *wish.result_capacity;
  } else {
    const std::uint64_t by_rule = handler != nullptr ? default_result_bytes(*handler, wish.request_bytes)
                                                     : submit_rules_detail::kUnknownResultBytes;
    terms.result_capacity = std::min(by_rule, limits.result_bytes);
  }
  terms.run_timeout_ms = static_cast<std::uint32_t>(wish.run_timeout_ms);
  terms.queue_timeout_ms = static_cast<std::uint32_t>(wish.queue_timeout_ms);
  return std::nullopt;
}

}  // namespace ringmaster::wire
