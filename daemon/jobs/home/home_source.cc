#include "daemon/jobs/home/home_source.h"

#include "daemon/jobs/home/message_session.h"
#include "shm/ledger/delivered.h"

namespace ringmaster::daemon {
namespace {

constexpr shm::SessionGeometry kGeometry{1024, std::uint64_t{64} << 20, std::uint64_t{64} << 20};
static_assert(kGeometry.slots <= shm::kMessageSlots);

}  // namespace

Result<std::unique_ptr<JobHome>> SessionHomes::open(std::uint32_t pool_index, std::uint32_t uid) {
  PoolPort* pool = daemon_.pools().numbered(pool_index);
  if (pool == nullptr) return Error{"its pool is gone"};
  std::string why;
  Session* session = sessions_.open_internal(*pool, uid, kGeometry, why);
  if (session == nullptr) return Error{std::move(why)};
  const std::uint32_t serial = session->serial;
  auto home = MessageSession::open(
      loop_, *pool, *session, true, [this, serial] { look_(serial); },
      [this](core::Bytes bytes) {
        core::GrantQuestion question = sessions_.memory_for(0, bytes);
        question.from_kept = true;
        return !core::judge_grant(question);
      });
  if (!home) {
    close(session->index, serial);
    return home.error();
  }
  return std::move(*home);
}

Result<std::unique_ptr<JobHome>> SessionHomes::take_over(Session& session) {
  PoolPort* pool = daemon_.pools().numbered(session.pool);
  if (pool == nullptr) return Error{"its pool is gone"};
  auto home = MessageSession::open(loop_, *pool, session, false, [this, serial = session.serial] { look_(serial); });
  if (!home) return home.error();
  return std::move(*home);
}

void SessionHomes::close(std::uint16_t index, std::uint32_t serial) { sessions_.end(index, serial, Cause::Lost); }

}  // namespace ringmaster::daemon
