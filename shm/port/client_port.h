#pragma once

#include <bit>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/spin_step.h"
#include "shm/port/hints.h"
#include "shm/segment_view.h"

namespace ringmaster::shm {

/// The client's half of the slot protocol over mapped segments: hands out slots in rotation, publishes jobs, collects
/// terminal slots and frees them. It keeps its state in private memory and checks against that what it reads from
/// shared memory. Not thread-safe, except observe(), cpus() and the sleeps.
class ClientPort {
 public:
  /// `board` may be null: then every publish asks the caller to ring.
  ClientPort(RequestView request, ReplyView reply, const BoardRecord* board);

  /// A slot to fill; nullopt: every slot holds a job or has not been released (queue full).
  [[nodiscard]] std::optional<std::uint32_t> take_slot() noexcept {
    if (free_count_ == 0) return std::nullopt;
    const std::uint32_t slot = free_[free_head_];
    free_head_ = (free_head_ + 1) & (slots() - 1);
    --free_count_;
    phase_[slot] = Phase::Taken;
    return slot;
  }
  /// Returns a slot that was taken and not published.
  void untake_slot(std::uint32_t slot) noexcept;

  struct Published {
    std::uint32_t seq;
    bool ring;  ///< the caller must ring the session's bell now
  };
  /// Writes the descriptor (its `seq` is filled in) and makes the slot Ready. REQUIRES: take_slot gave `slot`; request
  /// bytes are written.
  [[nodiscard]] Published publish(std::uint32_t slot, const JobDescriptor& job) noexcept;

  /// Calls found(slot, SlotWord) once for each published job that is terminal now, and returns their number. The slot
  /// belongs to the caller until release(). Calls spoke(slot) for a job that runs, but of which a worker has announced
  /// something: a message.
  template <typename Found, typename Spoke = decltype([](std::uint32_t) {})>
  unsigned collect(Found&& found, Spoke&& spoke = Spoke()) {
    unsigned count = 0;
    for (std::uint32_t at = 0; at < reply_.bit_words(); ++at) {
      Word64& bits = reply_.done().bits[at];
      if (bits.load(std::memory_order_relaxed) == 0) continue;
      // SYNC: pairs with set_hint in announce_done.
      for (std::uint64_t set = bits.exchange(0, std::memory_order_acq_rel); set != 0; set &= set - 1) {
        const std::uint32_t slot = at * 64 + static_cast<std::uint32_t>(std::countr_zero(set));
        const SlotWord word = read(slot);
        if (phase_[slot] != Phase::Published || word.seq() != seq_[slot]) continue;
        if (!word.is_terminal()) {
          spoke(slot);
          continue;
        }
        take_end(slot);
        ++count;
        found(slot, word);
      }
    }
    return count;
  }

  /// Collects one slot by its own word; false: not terminal, or collected before. Does not touch the cache line of the
  /// done bits, which workers write for each job: the slot's bit stays set, and a later collect() ignores it.
  [[nodiscard]] bool collect_one(std::uint32_t slot, SlotWord& end) noexcept {
    if (phase_[slot] != Phase::Published) return false;
    end = read(slot);
    if (!end.is_terminal() || end.seq() != seq_[slot]) return false;
    take_end(slot);
    return true;
  }

  /// Frees a collected slot. REQUIRES: its result has been consumed.
  void release(std::uint32_t slot) noexcept {
    RM_CHECK(phase_[slot] == Phase::Collected);
    phase_[slot] = Phase::Free;
    // SYNC: release: our reads of the result come before the slot can be seen Free.
    reply_.word(slot).store(SlotWord::free_slot(seq_[slot]).bits(), std::memory_order_release);
    free_[(free_head_ + free_count_) & (slots() - 1)] = slot;
    ++free_count_;
  }

  /// True: the job was still queued and is Cancelled now; collect() will find it. False: it runs or has ended; its
  /// cancel word is set, so that a handler which checks for it can stop.
  bool cancel(std::uint32_t slot, std::uint32_t seq) noexcept;

  [[nodiscard]] SlotWord read(std::uint32_t slot) const noexcept {
    // SYNC: pairs with the release of the completing CAS: the result is visible when the word is terminal.
    return SlotWord(reply_.word(slot).load(std::memory_order_acquire));
  }
  /// Fetches the line of the slot after `slot` into the cache if that job may have ended too, since it is read next.
  void prefetch_next(std::uint32_t slot) const noexcept {
    const std::uint32_t next = slot + 1 == slots() ? 0 : slot + 1;
    if (phase_[next] == Phase::Published) __builtin_prefetch(&reply_.word(next));
  }
  /// What the board says: unless Open, a job published now would end as refused. Only a hint, which may be late.
  [[nodiscard]] BoardClosed board_closed() const noexcept {
    if (board_ == nullptr) return BoardClosed::Open;
    return static_cast<BoardClosed>(board_->closed.load(std::memory_order_relaxed));
  }
  [[nodiscard]] std::uint32_t in_flight() const noexcept { return in_flight_; }
  /// The client's, where it last waited, and that of the worker whose job was collected last.
  [[nodiscard]] const BothCpus& cpus() const noexcept { return cpus_; }
  [[nodiscard]] std::uint32_t slots() const noexcept { return reply_.slots(); }
  [[nodiscard]] const RequestView& request() const noexcept { return request_; }
  [[nodiscard]] const ReplyView& reply() const noexcept { return reply_; }

  /// How to wait: seen = observe(); collect(); if the job is not there: sleep(seen, timeout). sleep() returns at once
  /// if the completion word is not `seen`, and may return early for no reason.
  [[nodiscard]] std::uint32_t observe() const noexcept {
    // SYNC: seq_cst, pairs with announce_done: bits set before the count are seen by a collect that follows.
    return reply_.done().event->load(std::memory_order_seq_cst);
  }
  void sleep(std::uint32_t seen, std::chrono::nanoseconds timeout) const noexcept;
  /// The halves of a sleep, for a thread that sleeps on behalf of another. ask_to_wake(): the next completion wakes who
  /// sleeps on the word; false: it is not `seen` any more. nap(): sleeps while it is `word`; false: the time is over.
  [[nodiscard]] bool ask_to_wake(std::uint32_t seen) const noexcept;
  [[nodiscard]] bool nap(std::uint32_t word, std::chrono::nanoseconds timeout) const noexcept;

 private:
  enum class Phase : std::uint8_t { Free, Taken, Published, Collected };

  void take_end(std::uint32_t slot) noexcept {
    phase_[slot] = Phase::Collected;
    --in_flight_;
    cpus_.other_is(reply_.line(slot).cpu);
  }

  RequestView request_;
  ReplyView reply_;
  const BoardRecord* board_;
  std::uint32_t last_seq_ = 0;
  std::uint32_t in_flight_ = 0;
  BothCpus cpus_;
  std::vector<Phase> phase_;
  std::vector<std::uint32_t> seq_;
  std::vector<std::uint32_t> free_;  // a ring of slot numbers, so that slots are used in rotation; size: a power of two
  std::uint32_t free_head_ = 0;
  std::uint32_t free_count_ = 0;
};

}  // namespace ringmaster::shm
