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

/// Clients' requests about sessions and the answers, as plain values.
namespace ringmaster::daemon {

/// The sizes that a client asked for; 0: the pool's default.
struct RingWish {
  std::uint64_t request_ring_bytes = 0;
  std::uint64_t result_ring_bytes = 0;
  std::uint32_t slots = 0;
};

struct SessionWish {
  std::string pool;
  RingWish rings;
  std::uint64_t shortest_run_ms = 0;  ///< the shortest run timeout that jobs will ask for; 0: the pool's
  std::string client;                 ///< the name that the client gives itself
};

/// Names a session. The cookie proves that the client has opened it, or got it from the one that has.
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
  std::uint64_t clock_ns = 0;    ///< the daemon's CLOCK_MONOTONIC at the answer
  std::vector<UniqueFd> ends{};  ///< see ends_for_client()
};
/// The workers have the session.
struct SessionReady {
  std::uint32_t serial = 0;
};
/// The answer to a resume: the session still exists.
struct SessionResumed {
  std::uint32_t serial = 0;
  HandlersView pool;
};
struct SessionClosed {
  std::uint32_t serial = 0;
};

/// A job's result that outgrew its extent, to be read.
struct SpilledResult {
  std::uint64_t job_id = 0;
  UniqueFd file;
};

/// Memory for a request that is larger than its session's ring, to be written.
struct ParcelOffer {
  std::uint32_t number = 0;
  std::uint64_t bytes = 0;
  UniqueFd file;
};

using SessionAnswer =
    std::variant<SessionOffer, SessionReady, SessionResumed, SessionClosed, SpilledResult, ParcelOffer, RequestRefusal>;
/// Answers one request, once, now or later. Copies answer the same request; if all are dropped it is not answered.
using SessionAsker = std::function<void(SessionAnswer&&)>;

}  // namespace ringmaster::daemon
