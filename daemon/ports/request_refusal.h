#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace ringmaster::daemon {

/// Why a request is refused; callers act on it. The numbers are those of ErrorCode in proto/control.proto, which
/// explains them; control/message/refusal_message.cc checks that both agree.
enum class RefusalCode : std::uint8_t {
  BadRequest = 1,
  Version,
  NotAllowed,
  UnknownPool,
  UnknownHandler,
  BadArgument,
  TooLarge,
  QueueFull,
  Quota,
  NoMemory,
  Draining,
  UnknownSession,
  UnknownJob,
  Busy,
  SessionBroken,
  Internal
};

/// A refused request, as a value.
struct RequestRefusal {
  RefusalCode code = RefusalCode::Internal;
  std::string why;           ///< one sentence: what was asked, what was found, what to do
  std::uint64_t needed = 0;  ///< if a limit was exceeded: what was asked for
  std::uint64_t limit = 0;   ///< and what is allowed
};

/// boost::system::result calls this when `.value()` is used on a refusal.
[[noreturn]] inline void throw_exception_from_error(const RequestRefusal& refusal, const boost::source_location&) {
  throw std::runtime_error(refusal.why);
}

/// What was asked for, or why it is refused.
template <typename T>
using OrRefusal = boost::system::result<T, RequestRefusal>;

}  // namespace ringmaster::daemon
