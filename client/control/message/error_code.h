#pragma once

#include <cstdint>

namespace ringmaster::client {

/// ErrorCode of proto/control.proto, by its numbers. A newer daemon may send numbers that are not listed.
enum class ErrorCode : std::int32_t {
  Unspecified = 0,
  BadRequest = 1,
  Version = 2,
  NotAllowed = 3,
  UnknownPool = 4,
  UnknownHandler = 5,
  BadArgument = 6,
  TooLarge = 7,
  QueueFull = 8,
  Quota = 9,
  NoMemory = 10,
  Draining = 11,
  UnknownSession = 12,
  UnknownJob = 13,
  Busy = 14,
  SessionBroken = 15,
  Internal = 16,
};

/// "unknown pool", "queue full", …: the code in words.
[[nodiscard]] const char* to_string(ErrorCode code) noexcept;

}  // namespace ringmaster::client
