#include "daemon/jobs/home/message_session.h"

#include <cstring>
#include <system_error>

#include "shm/port/hints.h"
#include "shm/port/verdict.h"

namespace ringmaster::daemon {

Result<std::unique_ptr<MessageSession>> MessageSession::open(EventLoop& loop, PoolPort& pool, Session& session,
                                                             bool own, std::function<void()> look, MayTake may_take) {
  try {
    return std::make_unique<MessageSession>(loop, pool, session, own, std::move(look), std::move(may_take));
  } catch (const std::system_error& error) {
    return Error{std::string{"no thread can be had to watch the daemon's own session: "} + error.what() +
                 "; raise the limit of tasks"};
  }
}

MessageSession::MessageSession(EventLoop& loop, PoolPort& pool, Session& session, bool own, std::function<void()> look,
                               MayTake may_take)
    : pool_(pool),
      session_(session),
      own_(own),
      may_take_(std::move(may_take)),
      port_(session.request, session.reply, own ? &pool.board() : nullptr),
      requests_(session.geometry.request_ring_bytes, session.request_fd.get(), session.request.ring_file_offset()),
      results_(session.geometry.result_ring_bytes, session.reply_fd.get(), session.reply.ring_file_offset()),
      watch_(loop, session.request, session.reply, std::move(look)) {}

Placing MessageSession::place(const JobToPlace& job) {
  const auto may_take = [this](std::uint64_t bytes) { return may_take_(core::Bytes{bytes}); };
  shm::JobRoom room;
  const shm::JobNeeds needs{job.payload.size(), job.arguments.size(), job.result_capacity};
  if (const auto shortage = shm::take_room(port_, requests_, results_, needs, may_take, room)) return *shortage;
  std::byte* ring = session_.request.ring();
  if (!job.payload.empty()) std::memcpy(ring + room.request.offset, job.payload.data(), job.payload.size());
  if (!job.arguments.empty()) std::memcpy(ring + room.arguments.offset, job.arguments.data(), job.arguments.size());
  shm::JobDescriptor descriptor = job.descriptor;
  descriptor.request_line = static_cast<std::uint32_t>(room.request.offset / shm::kCacheLine);
  descriptor.request_bytes = job.payload.size();
  descriptor.arguments_line = static_cast<std::uint32_t>(room.arguments.offset / shm::kCacheLine);
  descriptor.arguments_bytes = static_cast<std::uint32_t>(job.arguments.size());
  descriptor.result_line = static_cast<std::uint32_t>(room.result.offset / shm::kCacheLine);
  descriptor.result_capacity = job.result_capacity;
  const auto published = port_.publish(room.slot, descriptor);
  if (published.ring) pool_.call(session_);
  return PlacedJob{room.slot, published.seq, room.request, room.arguments, room.result};
}

void MessageSession::ended(PlacedJob& job) {
  requests_.give_back(job.request.id);
  requests_.give_back(job.arguments.id);
  job.request.id = job.arguments.id = 0;
}

void MessageSession::settle(const PlacedJob& job) {
  // SYNC: release: like ClientPort::release, which may follow for the same slot.
  session_.reply.word(job.slot).store(shm::SlotWord::free_slot(job.seq).bits(), std::memory_order_release);
}

void MessageSession::release(const PlacedJob& job) {
  if (!own_) return;
  results_.give_back(job.result.id);
  port_.release(job.slot);
}

std::vector<JobHome::Ended> MessageSession::collect() {
  std::vector<Ended> found;
  if (own_) port_.collect([&](std::uint32_t slot, shm::SlotWord word) { found.push_back({slot, word}); });
  return found;
}

std::optional<shm::SlotWord> MessageSession::terminal(std::uint32_t slot, std::uint32_t seq) const {
  const shm::SlotWord word = port_.read(slot);
  if (!word.is_terminal() || word.seq() != seq) return std::nullopt;
  return word;
}

bool MessageSession::cancel(std::uint32_t slot, std::uint32_t seq, std::optional<core::Duration> force) {
  if (own_) {
    if (port_.cancel(slot, seq)) return true;
  } else {
    const shm::SlotWord word = port_.read(slot);
    if (word.state() == shm::SlotState::Ready && word.seq() == seq &&
        shm::end_ready(session_.reply, slot, word, Cause::Cancelled))
      return true;
  }
  const shm::Intent job{session_.index, static_cast<std::uint16_t>(slot), seq};
  if (force) {
    pool_.force_end(job, *force);
  } else {
    pool_.cancel_running(job.session, job.slot, job.seq);
  }
  return false;
}

}  // namespace ringmaster::daemon
