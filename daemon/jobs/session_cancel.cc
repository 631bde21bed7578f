#include "daemon/jobs/session_cancel.h"

#include <string>

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

OrRefusal<JobCancelled> cancel_in_session(DaemonPort& daemon, const Sessions& sessions, const Peer& peer,
                                          std::uint64_t job_id) {
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
  if (PoolPort* pool = daemon.pools().numbered(session->pool)) {
    pool->cancel_running(session->index, static_cast<std::uint16_t>(slot), seq);
  }
  return JobCancelled{};
}

}  // namespace ringmaster::daemon
