#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "base/unique_fd.h"
#include "daemon/core/types.h"
#include "daemon/ports/handlers_view.h"
#include "daemon/ports/request_refusal.h"
#include "shm/segment_view.h"

/// What clients ask for about sessions and what they are answered, as plain values.
namespace ringmaster::daemon {

/// What a client asked for, 0 where it left the choice to the pool.
struct RingWish {
  std::uint64_t request_ring_bytes = 0;
  std::uint64_t result_ring_bytes = 0;
  std::uint32_t slots = 0;
};

struct SessionWish {
  std::string pool;
  RingWish rings;
  std::uint64_t shortest_run_ms = 0;  ///< the shortest run deadline that jobs will ask for; 0: the pool's
  std::string client;                 ///< what it calls itself
};

/// Names a session: whoever has its cookie has opened it, or was told by who has.
struct SessionKey {
  std::uint32_t serial = 0;
  std::array<std::uint64_t, 2> cookie{};
};

/// A session for its client to map.
struct SessionOffer {
  SessionKey key;
  std::uint16_t index = 0;
  shm::SessionGeometry geometry;
  HandlersView pool;
  core::Duration spin{};         ///< for the client's own waits
  std::uint64_t clock_ns = 0;    ///< CLOCK_MONOTONIC as the daemon answers
  std::vector<UniqueFd> ends{};  ///< see ends_for_client()
};
/// Its workers have it.
struct SessionReady {
  std::uint32_t serial = 0;
};
/// After a reconnect: it is still there.
struct SessionResumed {
  std::uint32_t serial = 0;
  HandlersView pool;
};
struct SessionClosed {
  std::uint32_t serial = 0;
};

using SessionAnswer = std::variant<SessionOffer, SessionReady, SessionResumed, SessionClosed, RequestRefusal>;
/// Answers one request, once, now or later. Copies answer the same one; what is dropped by all is answered no more.
using SessionAsker = std::function<void(SessionAnswer&&)>;

}  // namespace ringmaster::daemon
