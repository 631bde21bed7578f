#include "daemon/jobs/home/message_session.h"

#include <algorithm>
#include <cstring>
#include <system_error>

#include "shm/memfd.h"
#include "shm/port/hints.h"
#include "shm/port/verdict.h"

namespace ringmaster::daemon {
namespace {

constexpr std::uint64_t kReserveStep = std::uint64_t{1} << 20;

}  // namespace

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
      requests_(session.geometry.request_ring_bytes),
      results_(session.geometry.result_ring_bytes),
      watch_(loop, session.request, session.reply, std::move(look)) {}

// Pages are charged here and now; a worker that meets a page it cannot get would be killed for it. In a small cgroup
// fallocate itself ends in the OOM killer, so a look at what is left comes first.
bool MessageSession::reserve(const PlacedJob& room) {
  const auto grow = [this](int fd, std::uint64_t ring_offset, std::uint64_t capacity, std::uint64_t end,
                           std::uint64_t& reserved) {
    if (end <= reserved) return true;
    const std::uint64_t upto = std::min(capacity, (end + kReserveStep - 1) / kReserveStep * kReserveStep);
    if (!may_take_(core::Bytes{upto - reserved})) return false;
    if (!shm::reserve_pages(fd, ring_offset + reserved, upto - reserved)) return false;
    reserved = upto;
    return true;
  };
  const std::uint64_t request_end =
      std::max(room.request.offset + room.request.bytes, room.arguments.offset + room.arguments.bytes);
  return grow(session_.request_fd.get(), session_.request.ring_file_offset(), requests_.capacity(), request_end,
              requests_reserved_) &&
         grow(session_.reply_fd.get(), session_.reply.ring_file_offset(), results_.capacity(),
              room.result.offset + room.result.bytes, results_reserved_);
}

void MessageSession::give_back(const PlacedJob& room) {
  requests_.give_back(room.request.id);
  requests_.give_back(room.arguments.id);
  results_.give_back(room.result.id);
  port_.untake_slot(room.slot);
}

Placing MessageSession::take_room(const JobToPlace& job, std::uint32_t slot) {
  PlacedJob room;
  room.slot = slot;
  const auto take = [](shm::PayloadRing& ring, std::uint64_t bytes, shm::Extent& extent) {
    const auto taken = ring.take(bytes);
    if (taken) extent = *taken;
    return taken.has_value();
  };
  const auto shortage = [&]() -> std::optional<Shortage> {
    if (!take(requests_, job.payload.size(), room.request)) return Shortage::RequestRing;
    if (!take(requests_, job.arguments.size(), room.arguments)) return Shortage::RequestRing;
    if (!take(results_, job.result_capacity, room.result)) return Shortage::ResultRing;
    if (!reserve(room)) return Shortage::Memory;
    return std::nullopt;
  }();
  if (!shortage) return room;
  give_back(room);
  return *shortage;
}

Placing MessageSession::place(const JobToPlace& job) {
  const auto slot = port_.take_slot();
  if (!slot) return Shortage::Slot;
  Placing room = take_room(job, *slot);
  if (!room) return room;
  std::byte* ring = session_.request.ring();
  if (!job.payload.empty()) std::memcpy(ring + room->request.offset, job.payload.data(), job.payload.size());
  if (!job.arguments.empty()) std::memcpy(ring + room->arguments.offset, job.arguments.data(), job.arguments.size());
  shm::JobDescriptor descriptor = job.descriptor;
  descriptor.request_line = static_cast<std::uint32_t>(room->request.offset / shm::kCacheLine);
  descriptor.request_bytes = job.payload.size();
  descriptor.arguments_line = static_cast<std::uint32_t>(room->arguments.offset / shm::kCacheLine);
  descriptor.arguments_bytes = static_cast<std::uint32_t>(job.arguments.size());
  descriptor.result_line = static_cast<std::uint32_t>(room->result.offset / shm::kCacheLine);
  descriptor.result_capacity = job.result_capacity;
  const auto published = port_.publish(*slot, descriptor);
  if (published.ring) pool_.call(session_);
  room->seq = published.seq;
  return room;
}

void MessageSession::ended(PlacedJob& job) {
  if (job.request.id != 0) requests_.give_back(job.request.id);
  if (job.arguments.id != 0) requests_.give_back(job.arguments.id);
  job.request.id = job.arguments.id = 0;
}

void MessageSession::settle(const PlacedJob& job) {
  // SYNC: release: as ClientPort::release, which may come later for the same slot.
  session_.reply.word(job.slot).store(shm::SlotWord::free_slot(job.seq).bits(), std::memory_order_release);
}

void MessageSession::release(const PlacedJob& job) {
  if (!own_) return;
  if (job.result.id != 0) results_.give_back(job.result.id);
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

bool MessageSession::cancel(std::uint32_t slot, std::uint32_t seq) {
  if (own_) {
    if (port_.cancel(slot, seq)) return true;
  } else {
    const shm::SlotWord word = port_.read(slot);
    if (word.state() == shm::SlotState::Ready && word.seq() == seq &&
        shm::end_ready(session_.reply, slot, word, Cause::Cancelled))
      return true;
  }
  pool_.cancel_running(session_.index, static_cast<std::uint16_t>(slot), seq);
  return false;
}

}  // namespace ringmaster::daemon
