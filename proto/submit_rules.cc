#include "proto/submit_rules.h"

#include "base/text.h"

namespace ringmaster::wire {
namespace {

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
                                      "; ask for less, or raise max_timeout of " + pool +
                                      " in the daemon's configuration"};
}

Result<void> check_all_arguments(const HandlerDescription* handler, std::span<const ArgumentView> arguments) {
  if (handler != nullptr) {
    if (auto checked = check_arguments(*handler, arguments); !checked) return checked;
  }
  return check_argument_list(arguments);
}

}  // namespace

bool submit_rules_detail::arguments_are_good(const HandlerDescription* handler,
                                             std::span<const ArgumentView> arguments) {
  return check_all_arguments(handler, arguments).has_value();
}

SubmitRefusal submit_rules_detail::refusal_of(Rule rule, const HandlerDescription* handler, const SubmitWish& wish,
                                              const SubmitLimits& limits) {
  switch (rule) {
    case Rule::KnownHandler:
      return unknown_handler(wish.handler, limits);
    case Rule::HandlersRequest:
      return above_handlers_limit(*handler, wish.request_bytes);
    case Rule::Request:
      return too_large("a request", wish.request_bytes, limits.request_bytes, limits.way, "request ring");
    case Rule::Arguments:
      return {SubmitFault::BadArguments, check_all_arguments(handler, wish.arguments).error().message};
    case Rule::Ring:
      return too_large("a request with its arguments", wish.ring_room, limits.ring_bytes, limits.way, "request ring");
    case Rule::ShortestRun:
      return too_short(wish, limits);
    case Rule::LongestRun:
      return too_long(wish, limits);
    case Rule::Result:
      return too_large("a result", wish.result_capacity.value_or(0), limits.result_bytes, limits.way, "result ring");
    case Rule::None:
    case Rule::Timeouts:
      break;
  }
  return {SubmitFault::BadOption, "a timeout lies between 0 and 49 days; 0 means the pool's own"};
}

}  // namespace ringmaster::wire
