#include "daemon/jobs/message_session.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <system_error>
#include <thread>

#include "daemon/core/job/wake_pace.h"
#include "shm/memfd.h"
#include "shm/port/hints.h"
#include "shm/port/verdict.h"

namespace ringmaster {
namespace {

constexpr std::chrono::seconds kLongestSleep{10};
constexpr std::uint64_t kReserveStep = std::uint64_t{1} << 20;

}  // namespace

struct CompletionWatch::State {
  State(const RequestView& request, const ReplyView& reply) : port(request, reply, nullptr) {}
  ClientPort port;  // for observe and sleep only
  std::atomic<bool> ending = false;
  std::atomic<bool> posted = false;
  std::thread thread;
};

CompletionWatch::CompletionWatch(EventLoop& loop, const RequestView& request, const ReplyView& reply,
                                 std::function<void()> look)
    : state_(std::make_shared<State>(request, reply)), reply_(reply) {
  state_->thread = std::thread([state = state_.get(), weak = std::weak_ptr(state_), &loop, look = std::move(look)] {
    // SYNC: `posted` pairs with the exchange below: who clears it looks after clearing, so a completion between the two
    // posts again.
    core::WakePace pace;
    for (;;) {
      if (pace.too_fast(std::chrono::steady_clock::now())) std::this_thread::sleep_for(core::WakePace::kRest);
      const std::uint32_t seen = state->port.observe();
      // SYNC: acquire, pairs with the destructor's release. After the look at the word: the destructor changes that one
      // last, so what was seen has not changed for it yet, or tells of `ending`.
      if (state->ending.load(std::memory_order_acquire)) return;
      if (!state->posted.exchange(true, std::memory_order_acq_rel)) {
        loop.post([weak, look] {
          const auto alive = weak.lock();
          if (!alive) return;
          alive->posted.exchange(false, std::memory_order_acq_rel);
          look();
        });
      }
      state->port.sleep(seen, kLongestSleep);
    }
  });
}

CompletionWatch::~CompletionWatch() {
  state_->ending.store(true, std::memory_order_release);
  wake_client(reply_);  // changes the word too, so a sleep that is about to begin does not
  state_->thread.join();
}

Result<std::unique_ptr<MessageSession>> MessageSession::open(EventLoop& loop, PoolGate& pool, Session& session,
                                                             bool own, std::function<void()> look, MayTake may_take) {
  try {
    return std::make_unique<MessageSession>(loop, pool, session, own, std::move(look), std::move(may_take));
  } catch (const std::system_error& error) {
    return Error{std::string{"no thread can be had to watch the daemon's own session: "} + error.what() +
                 "; raise the limit of tasks"};
  }
}

MessageSession::MessageSession(EventLoop& loop, PoolGate& pool, Session& session, bool own, std::function<void()> look,
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
bool MessageSession::reserve(const Extent& request, const Extent& arguments, const Extent& result) {
  const auto grow = [this](int fd, std::uint64_t ring_offset, std::uint64_t capacity, std::uint64_t end,
                           std::uint64_t& reserved) {
    if (end <= reserved) return true;
    const std::uint64_t upto = std::min(capacity, (end + kReserveStep - 1) / kReserveStep * kReserveStep);
    if (!may_take_(core::Bytes{upto - reserved})) return false;
    if (!reserve_pages(fd, ring_offset + reserved, upto - reserved)) return false;
    reserved = upto;
    return true;
  };
  const std::uint64_t request_end = std::max(request.offset + request.bytes, arguments.offset + arguments.bytes);
  return grow(session_.request_fd.get(), session_.request.ring_file_offset(), requests_.capacity(), request_end,
              requests_reserved_) &&
         grow(session_.reply_fd.get(), session_.reply.ring_file_offset(), results_.capacity(),
              result.offset + result.bytes, results_reserved_);
}

std::optional<PlacedJob> MessageSession::place(const JobDescriptor& wanted, std::string_view payload,
                                               std::span<const std::byte> arguments, std::uint64_t result_capacity,
                                               Shortage& shortage) {
  shortage = Shortage::Slot;
  const auto slot = port_.take_slot();
  if (!slot) return std::nullopt;
  const auto request = requests_.take(payload.size());
  const auto text = request ? requests_.take(arguments.size()) : std::nullopt;
  const auto result = text ? results_.take(result_capacity) : std::nullopt;
  shortage = !text ? Shortage::RequestRing : !result ? Shortage::ResultRing : Shortage::Memory;
  if (!result || !reserve(*request, *text, *result)) {
    if (request) requests_.give_back(request->id);
    if (text) requests_.give_back(text->id);
    if (result) results_.give_back(result->id);
    port_.untake_slot(*slot);
    return std::nullopt;
  }
  JobDescriptor job = wanted;
  std::byte* ring = session_.request.ring();
  if (!payload.empty()) std::memcpy(ring + request->offset, payload.data(), payload.size());
  if (!arguments.empty()) std::memcpy(ring + text->offset, arguments.data(), arguments.size());
  job.request_line = static_cast<std::uint32_t>(request->offset / kCacheLine);
  job.request_bytes = payload.size();
  job.arguments_line = static_cast<std::uint32_t>(text->offset / kCacheLine);
  job.arguments_bytes = static_cast<std::uint32_t>(arguments.size());
  job.result_line = static_cast<std::uint32_t>(result->offset / kCacheLine);
  job.result_capacity = result_capacity;
  const auto published = port_.publish(*slot, job);
  if (published.ring) pool_.call(session_);
  return PlacedJob{*slot, published.seq, *request, *text, *result};
}

void MessageSession::ended(PlacedJob& job) {
  if (job.request.id != 0) requests_.give_back(job.request.id);
  if (job.arguments.id != 0) requests_.give_back(job.arguments.id);
  job.request.id = job.arguments.id = 0;
}

void MessageSession::settle(const PlacedJob& job) {
  // SYNC: release: as ClientPort::release, which may come later for the same slot.
  session_.reply.word(job.slot).store(SlotWord::free_slot(job.seq).bits(), std::memory_order_release);
}

void MessageSession::release(const PlacedJob& job) {
  if (!own_) return;
  if (job.result.id != 0) results_.give_back(job.result.id);
  port_.release(job.slot);
}

std::vector<MessageSession::Ended> MessageSession::collect() {
  std::vector<Ended> found;
  if (own_) port_.collect([&](std::uint32_t slot, SlotWord word) { found.push_back({slot, word}); });
  return found;
}

std::optional<SlotWord> MessageSession::terminal(std::uint32_t slot, std::uint32_t seq) const {
  const SlotWord word = port_.read(slot);
  if (!word.is_terminal() || word.seq() != seq) return std::nullopt;
  return word;
}

bool MessageSession::cancel(std::uint32_t slot, std::uint32_t seq) {
  if (own_) {
    if (port_.cancel(slot, seq)) return true;
  } else {
    const SlotWord word = port_.read(slot);
    if (word.state() == SlotState::Ready && word.seq() == seq &&
        end_ready(session_.reply, slot, word, Cause::Cancelled))
      return true;
  }
  pool_.cancel_running(session_.index, static_cast<std::uint16_t>(slot), seq);
  return false;
}

}  // namespace ringmaster
