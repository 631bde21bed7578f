#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

/// Public header: why a session did not accept a request or job. Nothing has to be undone then.
namespace ringmaster {

enum class SubmitError : std::uint8_t {
  QueueFull,        ///< all slots, or the ring, are in use: take outcomes, then try again
  UnknownHandler,   ///< the pool has no handler of that name
  BadArguments,     ///< unknown, missing, or not of their type
  TooLarge,         ///< never fits, or is more than this uid may have
  TooLittleMemory,  ///< the machine or this process's cgroup cannot back the pages
  BadOption,        ///< a timeout below what the session was opened for, or a request of another session
  Draining,         ///< the pool or the daemon takes no new work: use another pool, or try later
  SessionClosed,    ///< closed here, or the daemon is gone
  Forked            ///< the session belongs to the parent process
};

[[nodiscard]] constexpr std::string_view to_string(SubmitError error) noexcept {
  switch (error) {
    case SubmitError::QueueFull:
      return "queue full";
    case SubmitError::UnknownHandler:
      return "unknown handler";
    case SubmitError::BadArguments:
      return "bad arguments";
    case SubmitError::TooLarge:
      return "too large";
    case SubmitError::TooLittleMemory:
      return "too little memory";
    case SubmitError::BadOption:
      return "bad option";
    case SubmitError::Draining:
      return "draining";
    case SubmitError::SessionClosed:
      return "session closed";
    case SubmitError::Forked:
      return "forked child";
  }
  return "unknown";
}

struct Refusal {
  SubmitError error = SubmitError::QueueFull;
  std::string message;  ///< what was tried, what was found, what to do
};

/// boost::system::result calls this when `.value()` is used on a refusal.
[[noreturn]] inline void throw_exception_from_error(const Refusal& refusal, const boost::source_location&) {
  throw std::runtime_error(refusal.message);
}

template <typename T>
using Submission = boost::system::result<T, Refusal>;

}  // namespace ringmaster
