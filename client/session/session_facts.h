#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "client/session/clock_offset.h"
#include "client/types/outcome.h"
#include "proto/handler_table.h"
#include "shm/mapping.h"

namespace ringmaster::client {

/// The segments and descriptors that the daemon passed when it opened the session.
struct SessionMemory {
  shm::Mapping request;
  shm::Mapping reply;
  shm::Mapping board;
  UniqueFd request_fd;
  UniqueFd reply_fd;
  UniqueFd doorbell;
  UniqueFd lifeline;  ///< write end of a pipe; POLLERR when the daemon is gone
};

/// What the daemon said when it opened the session.
struct SessionFacts {
  std::string pool;
  std::uint32_t serial = 0;
  std::uint64_t cookie_high = 0;
  std::uint64_t cookie_low = 0;
  std::vector<HandlerDescription> handlers;
  bool handlers_known = false;
  Duration shortest_timeout{0};
  Duration longest_timeout{0};  ///< the longest run timeout, by the pool's configuration; 0: not known
  Duration spin = std::chrono::microseconds(50);
  std::int64_t clock_offset_ns = 0;  ///< from our CLOCK_MONOTONIC to the daemon's: clock_offset.h

  /// By the daemon's clock: the one that all instants in shared memory are of.
  [[nodiscard]] std::uint64_t daemon_now_ns() const noexcept {
    return client_clock_ns() + static_cast<std::uint64_t>(clock_offset_ns);
  }
};

}  // namespace ringmaster::client
