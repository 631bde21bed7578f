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

/// The geometry for a wish: defaults filled in, rings rounded up to pages, slots to a power of two in the layout's
/// range. `too_large` is set if a ring exceeds the pool's maximum. Pure.
struct GrantedRings {
  shm::SessionGeometry geometry;
  bool too_large = false;
  std::uint64_t asked = 0;
  std::uint64_t limit = 0;
};
[[nodiscard]] GrantedRings grant_rings(const config::SessionConfig& limits, const RingWish& wish);

/// Creates and formats the two segments and the bell of `session`, whose numbers are filled in, and maps what the
/// supervisor needs: of a client's session the control parts, the request segment read-only; of a supervisor's own
/// session everything, read-write.
[[nodiscard]] Result<void> create_segments(Session& session);

/// Maps a session whose descriptors and numbers are filled in, for a successor; checks that the segments' headers have
/// the same numbers. `predecessors`: a session of an earlier supervisor, whose request segment is sealed and is mapped
/// read-only.
[[nodiscard]] Result<void> map_segments(Session& session, bool predecessors = false);

/// A pipe. Our read end becomes readable when the client has written a byte or all copies of its end are closed. It is
/// polled and never read: a hostile writer can hold the pipe's lock for as long as it likes (by memory of a file system
/// of its own), and read, FIONREAD and the last close wait for that lock.
struct Lifeline {
  UniqueFd ours;
  UniqueFd theirs;
};
[[nodiscard]] Result<Lifeline> create_lifeline();

/// The descriptors that go with SessionFds, in this order: request, reply, board (read-only), an end of the bell that
/// nobody else has, `lifeline`. Empty: no descriptor is left.
[[nodiscard]] std::vector<UniqueFd> ends_for_client(const Session& session, int board, UniqueFd lifeline);

/// 128 random bits that nobody can guess.
[[nodiscard]] Result<std::array<std::uint64_t, 2>> random_cookie();

}  // namespace ringmaster::daemon
