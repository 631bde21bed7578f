#include "daemon/jobs/session_cancel.h"

#include <algorithm>
#include <string>

#include "daemon/core/worker/ladder_words.h"
#include "daemon/sessions/session.h"
#include "shm/port/verdict.h"
#include "shm/slots.h"

namespace ringmaster::daemon {
namespace {

const Session* session_of(const Sessions& sessions, const Peer& peer, std::uint32_t serial) {
  const Session* found = nullptr;
  sessions.for_each([&](const Session& session) {
    if (session.serial == serial && session.state != SessionState::Opening && !session.internal()) found = &session;
  });
  return found != nullptr && (peer.admin || found->uid == peer.uid) ? found : nullptr;
}

}  // namespace

std::optional<shm::SlotLook> slot_of(const Session& session, std::uint32_t seq) {
  for (const shm::SlotLook look : shm::slot_words(session.reply)) {
    if (look.word.seq() == seq && look.word.state() != shm::SlotState::Free) return look;
  }
  return std::nullopt;
}

RequestRefusal nothing_to_cancel(std::uint64_t job_id) {
  return {RefusalCode::UnknownJob,
          "no job " + std::to_string(job_id) +
              " of this user is queued, running or kept; it may have ended more than 60 s ago"};
}

std::optional<core::Duration> grace_of(const std::optional<Force>& force, const PoolPort& pool) {
  if (!force) return std::nullopt;
  return std::min(force->grace.value_or(pool.config().grace), core::kLongestForcedGrace);
}

OrRefusal<JobCancelled> cancel_in_session(DaemonPort& daemon, const Sessions& sessions, const Peer& peer,
                                          const CancelRequest& request) {
  const std::uint64_t job_id = request.job_id;
  const auto seq = static_cast<std::uint32_t>(job_id);
  const Session* session = session_of(sessions, peer, static_cast<std::uint32_t>(job_id >> 32));
  if (session == nullptr || seq == 0) return nothing_to_cancel(job_id);
  auto found = slot_of(*session, seq);
  if (!found) return nothing_to_cancel(job_id);
  auto& [slot, word] = *found;
  if (word.is_terminal()) return JobCancelled{false, true};
  if (word.state() == shm::SlotState::Ready && end_ready(session->reply, slot, word, Cause::Cancelled)) {
    return JobCancelled{true, false};
  }
  PoolPort* pool = daemon.pools().numbered(session->pool);
  if (pool == nullptr) return JobCancelled{};
  const auto grace = grace_of(request.force, *pool);
  if (grace) {
    pool->force_end({session->index, static_cast<std::uint16_t>(slot), seq}, *grace);
  } else {
    pool->cancel_running(session->index, static_cast<std::uint16_t>(slot), seq);
  }
  return JobCancelled{false, false, grace};
}

}  // namespace ringmaster::daemon
