#include "daemon/sessions/segments.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "shm/memfd.h"
#include "shm/port/doorbell.h"

namespace ringmaster::daemon {
namespace {

std::uint64_t whole_pages(std::uint64_t bytes) {
  return (bytes + shm::kPageBytes - 1) / shm::kPageBytes * shm::kPageBytes;
}

Error not_ours(const Session& session) {
  return Error{"session " + std::to_string(session.serial) + ": its segments are not what the ledger says"};
}

// Formatting maps the control parts writable. That mapping is gone before the client gets the segment, so that only the
// client has a writable one when the segment is sealed.
Result<void> format_segments(const Session& session) {
  const shm::SessionGeometry& geometry = session.geometry;
  auto request = shm::Mapping::map(session.request_fd.get(), shm::Access::ReadWrite, geometry.request_control_bytes());
  if (!request) return request.error();
  auto reply = shm::Mapping::map(session.reply_fd.get(), shm::Access::ReadWrite, geometry.reply_control_bytes());
  if (!reply) return reply.error();
  shm::RequestView::format(request->bytes(), geometry, session.serial, session.index, session.pool);
  shm::ReplyView::format(reply->bytes(), geometry, session.serial, session.index, session.pool);
  return {};
}

}  // namespace

GrantedRings grant_rings(const config::SessionConfig& limits, const RingWish& wish) {
  GrantedRings granted;
  const auto ring = [&](std::uint64_t wished, core::Bytes usual, core::Bytes most) {
    const std::uint64_t bytes = wished != 0 ? wished : usual.value;
    if (bytes > most.value) {
      granted.too_large = true;
      granted.asked = bytes;
      granted.limit = most.value;
      return most.value;
    }
    return std::max(whole_pages(bytes), shm::kPageBytes);
  };
  granted.geometry.request_ring_bytes = ring(wish.request_ring_bytes, limits.request_ring, limits.request_ring_max);
  granted.geometry.result_ring_bytes = ring(wish.result_ring_bytes, limits.result_ring, limits.result_ring_max);
  const std::uint32_t slots = std::clamp(wish.slots != 0 ? wish.slots : limits.slots, shm::kMinSlots, shm::kMaxSlots);
  granted.geometry.slots = std::bit_ceil(slots);
  return granted;
}

Result<void> create_segments(Session& session) {
  const std::string name = "ringmaster-" + std::to_string(session.serial);
  auto request = shm::create_request_segment(name + "-request", session.geometry.request_segment_bytes());
  if (!request) return request.error();
  auto reply = shm::create_segment(name + "-reply", session.geometry.reply_segment_bytes());
  if (!reply) return reply.error();
  auto bell = shm::create_doorbell();
  if (!bell) return bell.error();
  session.request_fd = std::move(*request);
  session.reply_fd = std::move(*reply);
  session.bell = std::move(*bell);
  if (auto formatted = format_segments(session); !formatted) return formatted;
  return map_segments(session);
}

Result<void> map_segments(Session& session, bool predecessors) {
  const bool own = session.internal();
  const shm::SessionGeometry& geometry = session.geometry;
  if (!geometry.valid()) return not_ours(session);
  auto request =
      shm::Mapping::map(session.request_fd.get(), own && !predecessors ? shm::Access::ReadWrite : shm::Access::ReadOnly,
                        own ? 0 : geometry.request_control_bytes());
  if (!request) return request.error();
  auto reply =
      shm::Mapping::map(session.reply_fd.get(), shm::Access::ReadWrite, own ? 0 : geometry.reply_control_bytes());
  if (!reply) return reply.error();
  const auto request_view = shm::RequestView::open(request->bytes());
  const auto reply_view = shm::ReplyView::open(reply->bytes());
  if (!request_view || !reply_view || request_view->slots() != geometry.slots ||
      reply_view->slots() != geometry.slots || request_view->ring_bytes() != geometry.request_ring_bytes ||
      reply_view->ring_bytes() != geometry.result_ring_bytes) {
    return not_ours(session);
  }
  session.request_map = std::move(*request);
  session.reply_map = std::move(*reply);
  session.request = *request_view;
  session.reply = *reply_view;
  return {};
}

Result<Lifeline> create_lifeline() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return errno_error("cannot create a session's lifeline", errno);
  Lifeline lifeline{UniqueFd(ends[0]), UniqueFd(ends[1])};
  // One page instead of 16: a pipe's pages count for the uid that made it, and beyond pipe-user-pages-hard (off by
  // default) pipe2 fails with ENFILE. If shrinking fails it only costs pages.
  (void)::fcntl(lifeline.ours.get(), F_SETPIPE_SZ, shm::kPageBytes);
  return lifeline;
}

std::vector<UniqueFd> ends_for_client(const Session& session, int board, UniqueFd lifeline) {
  std::vector<UniqueFd> ends;
  for (const int segment : {session.request_fd.get(), session.reply_fd.get()}) {
    ends.emplace_back(::fcntl(segment, F_DUPFD_CLOEXEC, 0));
  }
  auto hints = shm::reopen_read_only(board);
  ends.push_back(hints ? std::move(*hints) : UniqueFd());
  auto bell = shm::open_doorbell_anew(session.bell.get());
  ends.push_back(bell ? std::move(*bell) : UniqueFd());
  ends.push_back(std::move(lifeline));
  if (!std::all_of(ends.begin(), ends.end(), [](const UniqueFd& end) { return end.valid(); })) ends.clear();
  return ends;
}

Result<std::array<std::uint64_t, 2>> random_cookie() {
  std::array<std::uint64_t, 2> cookie{};
  if (::getrandom(cookie.data(), sizeof cookie, 0) != static_cast<ssize_t>(sizeof cookie)) {
    return errno_error("cannot get random bytes for a session's cookie", errno);
  }
  if (cookie[0] == 0) cookie[0] = 1;  // 0 never decodes as a valid record
  return cookie;
}

}  // namespace ringmaster::daemon
