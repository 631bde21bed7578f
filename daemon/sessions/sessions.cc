#include "daemon/sessions/sessions.h"

#include <fcntl.h>

#include <memory>
#include <utility>

#include "daemon/loop/closer.h"
#include "daemon/sessions/granted_memory.h"
#include "daemon/sessions/work_refusal.h"
#include "shm/memfd.h"

namespace ringmaster::daemon {
namespace {

// Seals in one of the closer's threads, by a copy of the descriptor: the session may end meanwhile.
void seal_in_thread(EventLoop& loop, std::uint32_t uid, int segment, std::function<void(const Result<void>&)> done) {
  struct Sealing {
    UniqueFd fd;
    Result<void> sealed;
  };
  const auto sealing = std::make_shared<Sealing>(Sealing{UniqueFd(::fcntl(segment, F_DUPFD_CLOEXEC, 0)), {}});
  loop.closer().run(
      Closer::Account::of_uid(uid),
      [sealing] {
        sealing->sealed = shm::seal_future_writes(sealing->fd.get());
        sealing->fd.reset();
      },
      [sealing, done = std::move(done)] { done(sealing->sealed); });
}

void reserve_in_thread(EventLoop& loop, std::uint32_t uid, int file, std::uint64_t offset, std::uint64_t bytes,
                       std::function<void(const Result<void>&)> done) {
  struct Reserving {
    UniqueFd fd;
    Result<void> reserved;
  };
  const auto reserving = std::make_shared<Reserving>(Reserving{UniqueFd(::fcntl(file, F_DUPFD_CLOEXEC, 0)), {}});
  loop.closer().run(
      Closer::Account::of_uid(uid),
      [reserving, offset, bytes] {
        // Signals that nudge the thread do not interrupt it: only a fatal one does (since Linux 5.19).
        reserving->reserved = shm::reserve_pages(reserving->fd.get(), offset, bytes);
        reserving->fd.reset();
      },
      [reserving, done = std::move(done)] { done(reserving->reserved); });
}

}  // namespace

Sessions::Sessions(EventLoop& loop, DaemonPort& daemon, core::QuotaBook& quota, InternalGone internal_gone,
                   std::function<void()> gone)
    : daemon_(daemon),
      quota_(quota),
      ledger_(daemon.ledger()),
      parcels_({table_, quota, daemon},
               {loop, [this](std::uint32_t uid, core::Bytes bytes) { return memory_for(uid, bytes); }}),
      spilled_({table_, quota, daemon},
               {loop, [this](std::uint32_t uid, core::Bytes bytes) { return memory_for(uid, bytes); },
                [&loop](std::uint32_t uid, int file, std::uint64_t offset, std::uint64_t bytes, auto done) {
                  reserve_in_thread(loop, uid, file, offset, bytes, std::move(done));
                }}),
      ending_({table_, ledger_, quota, daemon}, {loop,
                                                 [&loop](int fd, std::function<void()> readable) {
                                                   return std::make_unique<FdWatch>(loop, fd, std::move(readable));
                                                 },
                                                 std::move(internal_gone),
                                                 [this, gone = std::move(gone)](std::uint32_t serial) {
                                                   spilled_.session_gone(serial);
                                                   gone();
                                                 }}),
      opening_(
          {table_, ledger_, quota, daemon, ending_},
          {loop,
           [&loop](std::uint32_t uid, int segment, auto done) { seal_in_thread(loop, uid, segment, std::move(done)); },
           [this](std::uint32_t uid, core::Bytes bytes) { return memory_for(uid, bytes); }}),
      adoption_({table_, ledger_, quota, daemon, ending_}) {}

core::GrantQuestion Sessions::memory_for(std::uint32_t uid, core::Bytes bytes) const {
  core::GrantQuestion question = look_at_memory(table_, uid, bytes);
  parcels_.add_untouched(question);
  return question;
}

void Sessions::fetch_result(const Peer& peer, std::uint64_t job_id, const SessionAsker& asker) {
  const auto serial = static_cast<std::uint32_t>(job_id >> 32);
  const auto refuse = [&](const std::string& why) {
    asker(RequestRefusal{RefusalCode::UnknownJob, "there is no result to be fetched: " + why});
  };
  if (table_.of_client(peer.uid, serial) == nullptr) return refuse("the job is of none of your sessions");
  auto file = spilled_.open(serial, static_cast<std::uint32_t>(job_id), 0);
  if (!file) return refuse(file.error().message);
  asker(SpilledResult{job_id, std::move(*file)});
}

void Sessions::open_parcel(const Peer& peer, std::uint32_t serial, std::uint64_t bytes, const SessionAsker& asker) {
  const SessionEntry* entry = table_.of_client(peer.uid, serial);
  if (entry == nullptr || entry->session.state == SessionState::Opening ||
      entry->session.state == SessionState::Closing)
    return asker(RequestRefusal{RefusalCode::UnknownSession,
                                "session " + std::to_string(serial) + " is not known (any more); open a new one"});
  if (auto refused = work_refusal(daemon_, *entry->pool, peer.uid)) return asker(std::move(*refused));
  parcels_.open(entry->session, bytes, asker);
}

std::vector<SessionView> Sessions::views() const {
  std::vector<SessionView> views;
  for_each([&](const Session& session) { views.push_back(view_of(session)); });
  return views;
}

void Sessions::for_each(std::uint32_t pool, const std::function<void(Session&)>& visit) const {
  table_.for_each([&](SessionEntry& entry) {
    if (entry.session.pool == pool && entry.session.state != SessionState::Opening) visit(entry.session);
  });
}

bool Sessions::any_on(std::uint32_t pool) const {
  bool any = false;
  table_.for_each([&](const SessionEntry& entry) { any = any || entry.session.pool == pool; });
  return any;
}

void Sessions::for_each(const std::function<void(const Session&)>& visit) const {
  table_.for_each([&](const SessionEntry& entry) { visit(entry.session); });
}

}  // namespace ringmaster::daemon
