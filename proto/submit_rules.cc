#include "proto/submit_rules.h"

#include <algorithm>

#include "base/text.h"

namespace ringmaster {
namespace {

// Offered for a result when the pool has not told its handlers' rules yet.
constexpr std::uint64_t kUnknownResultBytes = std::uint64_t{64} << 10;
constexpr std::uint64_t kLongestTimeoutMs = 0xFFFFFFFF;

std::string bytes_text(std::uint64_t bytes) { return std::to_string(bytes) + " bytes"; }
std::string ms_text(std::uint64_t ms) { return std::to_string(ms) + " ms"; }

SubmitRefusal unknown_handler(std::string_view name, const SubmitLimits& limits) {
  std::string text = "pool \"" + std::string(limits.pool) + "\" has no handler \"" + clean_quote(name, 64) +
                     "\"; it has" + (limits.handlers.empty() ? " none" : "");
  for (const HandlerDescription& one : limits.handlers) text += " " + one.name;
  return {SubmitFault::UnknownHandler, std::move(text)};
}

SubmitRefusal above_handlers_limit(const HandlerDescription& handler, std::uint64_t bytes) {
  return {SubmitFault::TooLarge,
          "handler \"" + handler.name + "\" takes requests up to " + bytes_text(handler.max_request_bytes) +
              ", this one has " + bytes_text(bytes),
          bytes, handler.max_request_bytes};
}

SubmitRefusal too_large(const char* what, std::uint64_t bytes, std::uint64_t limit, SubmitWay way, const char* ring) {
  std::string text = std::string(what) + " of " + bytes_text(bytes);
  if (way == SubmitWay::Message) {
    text += ": at most " + bytes_text(limit) + " go in a message; use a session for more";
  } else {
    text += " never fits into the session's " + std::string(ring) + " of " + bytes_text(limit) +
            "; open the session with a larger " + ring;
  }
  return {SubmitFault::TooLarge, std::move(text), bytes, limit};
}

SubmitRefusal too_short(const SubmitWish& wish, const SubmitLimits& limits) {
  const bool session = limits.way == SubmitWay::Session;
  return {SubmitFault::BadOption, "a run timeout of " + ms_text(wish.run_timeout_ms) + " is below the shortest " +
                                      (session ? "that the session was opened for, " : "that can be kept, ") +
                                      ms_text(limits.shortest_run_ms) +
                                      (session ? "; set SessionOptions::shortest_timeout" : "; ask for more")};
}

SubmitRefusal too_long(const SubmitWish& wish, const SubmitLimits& limits) {
  const std::string pool = "pool \"" + std::string(limits.pool) + "\"";
  return {SubmitFault::BadOption, "a run timeout of " + ms_text(wish.run_timeout_ms) + " is above the longest of " +
                                      pool + ", " + ms_text(limits.longest_run_ms) +
                                      "; ask for less, or raise max_deadline of " + pool +
                                      " in the daemon's configuration"};
}

std::optional<SubmitRefusal> check_request(const HandlerDescription* handler, const SubmitWish& wish,
                                           const SubmitLimits& limits) {
  if (handler != nullptr && handler->max_request_bytes != 0 && wish.request_bytes > handler->max_request_bytes)
    return above_handlers_limit(*handler, wish.request_bytes);
  return check_request_bytes(wish.request_bytes, limits);
}

std::optional<SubmitRefusal> check_given(const HandlerDescription* handler, const SubmitWish& wish,
                                         const SubmitLimits& limits) {
  if (wish.arguments.empty() && (handler == nullptr || handler->arguments.empty())) return std::nullopt;
  if (handler != nullptr) {
    if (auto checked = check_arguments(*handler, wish.arguments); !checked)
      return SubmitRefusal{SubmitFault::BadArguments, std::move(checked.error().message)};
  }
  if (auto checked = check_argument_list(wish.arguments); !checked)
    return SubmitRefusal{SubmitFault::BadArguments, std::move(checked.error().message)};
  if (wish.ring_room > limits.ring_bytes)
    return too_large("a request with its arguments", wish.ring_room, limits.ring_bytes, limits.way, "request ring");
  return std::nullopt;
}

std::optional<SubmitRefusal> check_timeouts(const SubmitWish& wish, const SubmitLimits& limits) {
  if (wish.run_timeout_ms > kLongestTimeoutMs || wish.queue_timeout_ms > kLongestTimeoutMs)
    return SubmitRefusal{SubmitFault::BadOption, "a timeout lies between 0 and 49 days; 0 means the pool's own"};
  if (wish.run_timeout_ms != 0 && wish.run_timeout_ms < limits.shortest_run_ms) return too_short(wish, limits);
  if (limits.longest_run_ms != 0 && wish.run_timeout_ms > limits.longest_run_ms) return too_long(wish, limits);
  return std::nullopt;
}

}  // namespace

std::optional<SubmitRefusal> check_request_bytes(std::uint64_t bytes, const SubmitLimits& limits) {
  if (bytes <= limits.request_bytes) return std::nullopt;
  return too_large("a request", bytes, limits.request_bytes, limits.way, "request ring");
}

std::optional<SubmitRefusal> check_submit(const SubmitWish& wish, const SubmitLimits& limits, SubmitTerms& terms) {
  const auto known = std::find_if(limits.handlers.begin(), limits.handlers.end(),
                                  [&](const HandlerDescription& one) { return one.name == wish.handler; });
  const HandlerDescription* handler = known == limits.handlers.end() ? nullptr : &*known;
  if (handler == nullptr && limits.handlers_known) return unknown_handler(wish.handler, limits);
  if (auto refused = check_request(handler, wish, limits)) return refused;
  if (auto refused = check_given(handler, wish, limits)) return refused;
  if (auto refused = check_timeouts(wish, limits)) return refused;
  if (wish.result_capacity && *wish.result_capacity > limits.result_bytes)
    return too_large("a result", *wish.result_capacity, limits.result_bytes, limits.way, "result ring");
  terms.handler = handler;
  const std::uint64_t by_rule =
      handler != nullptr ? default_result_bytes(*handler, wish.request_bytes) : kUnknownResultBytes;
  terms.result_capacity = wish.result_capacity.value_or(std::min(by_rule, limits.result_bytes));
  terms.run_timeout_ms = static_cast<std::uint32_t>(wish.run_timeout_ms);
  terms.queue_timeout_ms = static_cast<std::uint32_t>(wish.queue_timeout_ms);
  return std::nullopt;
}

}  // namespace ringmaster
