#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "daemon/config/config.h"
#include "daemon/sessions/session.h"
#include "daemon/sessions/session_request.h"

namespace ringmaster::daemon {

/// The geometry for a wish, defaults filled in and rounded up (pages; slots to a power of two in the layout's range).
/// `too_large` is set where a ring exceeds the pool's maximum. Pure.
struct GrantedRings {
  shm::SessionGeometry geometry;
  bool too_large = false;
  std::uint64_t asked = 0;
  std::uint64_t limit = 0;
};
[[nodiscard]] GrantedRings grant_rings(const config::SessionConfig& limits, const RingWish& wish);

/// Creates and formats the two segments and the doorbell of `session`, whose numbers are filled in, and maps what the
/// supervisor keeps mapped. For a client's session: control parts, the request read-only. For a supervisor's own: all,
/// read-write.
[[nodiscard]] Result<void> create_segments(Session& session);

/// Maps a session whose descriptors and numbers are already there (a successor); checks that the segments' headers say
/// the same as the numbers. `predecessors`: the request segment of a supervisor's own session is sealed against further
/// writers, so it is mapped read-only.
[[nodiscard]] Result<void> map_segments(Session& session, bool predecessors = false);

/// A pipe. Ours, the read end, becomes readable when the client has written a byte or every copy of its end is closed.
/// It is polled and never read: a writer whose memory is slow to come (a file system of the client's own) holds the
/// pipe's lock for as long as it likes, and read, FIONREAD and the last close wait for that lock.
struct Lifeline {
  UniqueFd ours;
  UniqueFd theirs;
};
[[nodiscard]] Result<Lifeline> create_lifeline();

/// What a client is sent with its SessionFds, in that order: request, reply, board (read-only), a bell's end that
/// nobody else has, `lifeline`. Empty: no descriptor is left.
[[nodiscard]] std::vector<UniqueFd> ends_for_client(const Session& session, int board, UniqueFd lifeline);

/// 128 bits nobody can guess.
[[nodiscard]] Result<std::array<std::uint64_t, 2>> random_cookie();

}  // namespace ringmaster::daemon
