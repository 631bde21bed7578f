#include "shm/port/client_port.h"

#include "base/check.h"
#include "base/plant.h"
#include "shm/port/futex.h"

namespace ringmaster::shm {

ClientPort::ClientPort(RequestView request, ReplyView reply, const BoardRecord* board)
    : request_(request),
      reply_(reply),
      board_(board),
      phase_(reply.slots(), Phase::Free),
      seq_(reply.slots(), 0),
      free_(reply.slots()),
      free_count_(reply.slots()) {
  RM_CHECK(request.slots() == reply.slots() && std::has_single_bit(reply.slots()));
  for (std::uint32_t slot = 0; slot < free_count_; ++slot) free_[slot] = slot;
}

void ClientPort::untake_slot(std::uint32_t slot) noexcept {
  RM_CHECK(phase_[slot] == Phase::Taken);
  phase_[slot] = Phase::Free;
  free_head_ = (free_head_ - 1) & (slots() - 1);
  free_[free_head_] = slot;
  ++free_count_;
}

ClientPort::Published ClientPort::publish(std::uint32_t slot, const JobDescriptor& job) noexcept {
  RM_CHECK(phase_[slot] == Phase::Taken);
  last_seq_ = next_seq(last_seq_);
  JobDescriptor& descriptor = request_.descriptor(slot);
  descriptor = job;
  descriptor.seq = last_seq_;
  descriptor.flags = (job.flags & kJobFlags) | cpus_.own() << kJobCpuShift;
  seq_[slot] = last_seq_;
  phase_[slot] = Phase::Published;
  ++in_flight_;
  // SYNC: release, pairs with the claimer's CAS: a worker that sees Ready also sees descriptor and request.
  reply_.word(slot).store(SlotWord::ready(last_seq_, 0).bits(), std::memory_order_release);
  set_hint(reply_.ready(), slot);
  if (free_count_ != 0) {
    // Fetches the next job's lines early: a worker has read them last, and this client will write them soon.
    __builtin_prefetch(&request_.descriptor(free_[free_head_]), 1);
    __builtin_prefetch(&reply_.word(free_[free_head_]), 1);
  }
  if (planted(Plant::WakeLost, 2)) return {last_seq_, false};
  return {last_seq_, board_ == nullptr || should_ring(*board_)};
}

bool ClientPort::cancel(std::uint32_t slot, std::uint32_t seq) noexcept {
  if (phase_[slot] != Phase::Published || seq_[slot] != seq) return false;
  SlotWord word = read(slot);
  while (word.state() == SlotState::Ready && word.seq() == seq) {
    std::uint64_t expected = word.bits();
    const SlotWord cancelled = SlotWord::terminal(seq, SlotState::Cancelled, word.attempt(), Cause::Cancelled);
    // SYNC: acq_rel: exactly one of claim, queue timeout and this CAS wins.
    if (reply_.word(slot).compare_exchange_strong(expected, cancelled.bits(), std::memory_order_acq_rel)) {
      announce_done(reply_, slot);
      return true;
    }
    word = SlotWord(expected);
  }
  // The word is never cleared, so that a retry after a crash sees it too; the slot's next job has another seq.
  request_.cancel(slot).store(seq, std::memory_order_release);  // SYNC: pairs with the handler's acquire poll.
  return false;
}

void ClientPort::sleep(std::uint32_t seen, std::chrono::nanoseconds timeout) const noexcept {
  if (ask_to_wake(seen)) (void)nap(seen | kWaitingBit, timeout);
}

bool ClientPort::ask_to_wake(std::uint32_t seen) const noexcept {
  const std::uint32_t waiting = seen | kWaitingBit;
  std::uint32_t expected = seen;
  // SYNC: seq_cst, pairs with announce_done: a completion after our read makes this fail.
  return reply_.done().event->compare_exchange_strong(expected, waiting, std::memory_order_seq_cst) ||
         expected == waiting;
}

bool ClientPort::nap(std::uint32_t word, std::chrono::nanoseconds timeout) const noexcept {
  return futex_wait(*reply_.done().event, word, timeout) != FutexWait::TimedOut;
}

}  // namespace ringmaster::shm
