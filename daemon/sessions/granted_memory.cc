#include "daemon/sessions/granted_memory.h"

#include <algorithm>

#include "base/memory_left.h"
#include "daemon/sessions/session.h"
#include "daemon/sessions/session_table.h"
#include "shm/memfd.h"

namespace ringmaster::daemon {

core::Bytes untouched_memory(const Session& session) {
  const std::uint64_t touched =
      shm::allocated_bytes(session.request_fd.get()) + shm::allocated_bytes(session.reply_fd.get());
  return core::Bytes{session.bytes() - std::min(session.bytes(), touched)};
}

bool gave_back_pages(Session& session) {
  constexpr std::uint64_t kHugePage = std::uint64_t{2} << 20;
  const std::uint64_t now = shm::allocated_bytes(session.reply_fd.get());
  session.most_pages = std::max(session.most_pages, now);
  return session.most_pages - now > kHugePage;
}

core::GrantQuestion look_at_memory(const SessionTable& sessions, core::Uid uid, core::Bytes asked) {
  // Its cgroups are found once: a supervisor is in its own before it serves anybody, and stays there.
  static const MemoryLook look;
  core::GrantQuestion question;
  question.uid = uid;
  question.asked = asked;
  question.available = core::Bytes{look.left()};
  sessions.for_each([&](const SessionEntry& entry) {
    const Session& session = entry.session;
    if (session.internal()) return;
    const core::Bytes untouched = untouched_memory(session);
    question.untouched += untouched;
    if (session.uid == uid) question.untouched_by_uid += untouched;
  });
  return question;
}

}  // namespace ringmaster::daemon
