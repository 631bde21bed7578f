#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "daemon/ports/session_view.h"
#include "shm/job_label.h"
#include "shm/mapping.h"
#include "shm/segment_view.h"

namespace ringmaster::daemon {

/// Opening ──deposited, mapped, sealed, a worker was ready──▶ Attaching ──workers have it──▶ Open
///    └────────────────────────────────────┴─────────closed, hung up, broken───┴──▶ Closing ──▶ gone
///
/// Only Attaching, Open and Closing are in the ledger and survive a supervisor.
enum class SessionState : std::uint8_t { Opening, Attaching, Open, Closing };

[[nodiscard]] constexpr const char* to_string(SessionState state) {
  switch (state) {
    case SessionState::Opening:
      return "opening";
    case SessionState::Attaching:
      return "attaching";
    case SessionState::Open:
      return "open";
    case SessionState::Closing:
      return "closing";
  }
  return "unknown";
}

/// One client's pair of segments as the supervisor sees it. Owned by the SessionTable, on the supervisor's one thread.
/// The client can write the memory behind the views (request, slot words): never trust it. All numbers here are the
/// supervisor's own and do not change during the session's life.
struct Session {
  std::uint16_t index = 0;   ///< index in the table; used again after the session is gone
  std::uint32_t serial = 0;  ///< unique for the daemon's life, never 0
  std::uint32_t uid = 0;
  std::uint32_t pid = 0;  ///< of the client when it opened the session; only shown
  std::uint32_t pool = 0;
  std::string pool_name;
  std::string client;  ///< the name that the client gives itself; clean text
  std::array<std::uint64_t, 2> cookie{};
  shm::SessionGeometry geometry;
  std::uint64_t opened_ns = 0;        ///< CLOCK_MONOTONIC; no job of it was submitted before
  std::uint32_t shortest_run_ms = 0;  ///< the shortest run timeout that the client declared; 0: the pool's
  /// 0: a client's. Else the incarnation of the supervisor that is its client (jobs submitted as messages).
  std::uint32_t supervisor = 0;

  SessionState state = SessionState::Opening;
  UniqueFd request_fd;
  UniqueFd reply_fd;
  UniqueFd bell;             ///< workers watch this end, nobody writes to it; the client has one of its own
  UniqueFd lifeline;         ///< readable when the client has closed or is gone; none for a supervisor's own session
  shm::Mapping request_map;  ///< control part, read-only (a supervisor's own: all of it, read-write while it lives)
  shm::Mapping reply_map;    ///< control part, read-write (a supervisor's own: all of it)
  shm::RequestView request;
  shm::ReplyView reply;
  std::uint64_t most_pages = 0;  ///< the most bytes of pages that its reply segment was seen to have

  [[nodiscard]] bool internal() const { return supervisor != 0; }
  [[nodiscard]] std::uint64_t bytes() const {
    return geometry.request_segment_bytes() + geometry.reply_segment_bytes();
  }
};

/// What a status shows of the session.
[[nodiscard]] SessionView view_of(const Session& session);

/// The uid whose job it is. For a job sent as a message the descriptor names the submitter, which only a supervisor can
/// write in its own session.
[[nodiscard]] inline std::optional<std::uint32_t> submitter_of(const Session& session, std::uint16_t slot,
                                                               std::uint32_t seq) {
  if (!session.internal()) return session.uid;
  if (slot >= session.request.slots()) return std::nullopt;
  const shm::JobDescriptor& descriptor = session.request.descriptor(slot);
  if (descriptor.seq != seq || descriptor.submitter == 0) return std::nullopt;
  return static_cast<std::uint32_t>(descriptor.submitter - 1);
}

/// What the job's submitter calls it; empty: nothing, or the slot has another job by now.
[[nodiscard]] inline std::string label_of(const Session& session, std::uint16_t slot, std::uint32_t seq) {
  if (slot >= session.request.slots()) return {};
  const shm::JobDescriptor& descriptor = session.request.descriptor(slot);
  return descriptor.seq == seq ? shm::read_label(descriptor) : std::string{};
}

}  // namespace ringmaster::daemon
