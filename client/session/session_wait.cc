#include <algorithm>
#include <atomic>

#include "base/text.h"
#include "client/session/session_core.h"
#include "client/session/wait_step.h"
#include "shm/job_end.h"

/// The waiting half of SessionCore: collecting ended jobs and making outcomes of them.
namespace ringmaster {
namespace {

// One read of a word that a hostile worker may be changing.
template <typename T>
T read_once(T& word) {
  return std::atomic_ref<T>(word).load(std::memory_order_relaxed);
}

Outcome plain(Status status, Cause cause, std::string message) {
  OutcomeFacts facts;
  facts.status = status;
  facts.cause = cause;
  facts.message = std::move(message);
  return Outcome(std::move(facts));
}

}  // namespace

void SessionCore::collect() {
  found_.clear();
  // Collected first, handled then: asking again publishes into slots that the scan may still come to.
  (void)port_.collect([this](std::uint32_t slot, SlotWord word) { found_.push_back({slot, word}); });
  for (const Found& one : found_) on_ended(record_of_slot_[one.slot], one.word);
  serve_waiting();
}

void SessionCore::on_ended(std::uint32_t at, SlotWord word) {
  Record& record = records_[at];
  record.end = word;
  record.life = Life::Ended;
  if (may_end_in_queue(word)) record.seen_ns = daemon_now_ns();
  if (record.abandoned) {
    result_came_back(record.result.id);
    port_.release(record.slot);
    free_record(at);
    return;
  }
  const bool too_large = word.state() == SlotState::Failed && word.cause() == Cause::TooLarge;
  if (!too_large || (record.job.flags & kJobIdempotent) == 0 || record.asked_again || closed_ || gone_) return;
  record.needed = read_once(port_.reply().line(record.slot).needed_bytes);
  if (record.needed <= record.job.result_capacity || record.needed > results_.capacity()) return;
  result_came_back(record.result.id);
  record.result = Extent{};
  record.asked_again = true;
  if (ask_again(at) != Asked::NoRoom) return;
  record.life = Life::Waiting;
  if (waiting_++ == 0) stirred_ = Clock::now();
}

SessionCore::Asked SessionCore::ask_again(std::uint32_t at) {
  Record& record = records_[at];
  if (port_.board_closed() != BoardClosed::Open) return Asked::Never;  // the daemon would refuse it
  switch (results_.take(record.needed, record.result)) {
    case ReservedRing::Taken::Ok:
      break;
    case ReservedRing::Taken::NoRoom:
      return Asked::NoRoom;
    case ReservedRing::Taken::NoMemory:
      return Asked::Never;
  }
  port_.release(record.slot);
  record.slot = *port_.take_slot();  // there is at least the one just released
  record.job.result_line = static_cast<std::uint32_t>(record.result.offset / kCacheLine);
  record.job.result_capacity = record.needed;
  publish(at);
  return Asked::Published;
}

void SessionCore::stop_waiting(Record& record) {
  record.life = Life::Ended;
  --waiting_;
}

void SessionCore::result_came_back(std::uint64_t extent) {
  results_.give_back(extent);
  if (waiting_ != 0 && extent != 0) stirred_ = Clock::now();
}

// Asks again for those whose room has come. What takes their room may be results that the very thread that waits for
// them holds: when nothing is in flight and none came back for a nap's time, they are told that it was too large.
void SessionCore::serve_waiting() {
  if (waiting_ == 0 || closed_ || gone_) return;
  const bool nothing_moves = port_.in_flight() == 0 && Clock::now() - stirred_ > kLongestNap;
  for (std::uint32_t at = 0; at < records_.size() && waiting_ != 0; ++at) {
    Record& record = records_[at];
    if (record.life != Life::Waiting) continue;
    const Asked asked = ask_again(at);
    if (asked == Asked::Published) --waiting_;
    if (asked == Asked::Never || (asked == Asked::NoRoom && (nothing_moves || results_.in_use() == 0)))
      stop_waiting(record);
  }
}

void SessionCore::free_record(std::uint32_t at) {
  Record& record = records_[at];
  requests_.give_back(record.request_extent);
  requests_.give_back(record.arguments_extent);
  record.life = Life::Free;
  free_records_.push_back(at);
  if (room_waiters_ != 0) room_->notify_all();
}

void SessionCore::fill_outcome(Record& record, Outcome& outcome) {
  SlotLine& line = port_.reply().line(record.slot);
  const JobDescriptor& job = record.job;
  const JobEnd end = read_end(
      line, record.end, {record.seq, job.queue_timeout_ms, job.submitted_ns, job.result_capacity}, record.seen_ns);
  OutcomeFacts& facts = outcome.facts_;
  facts.status = end.status;
  facts.cause = end.cause;
  facts.detail = end.detail;
  facts.job_id = make_job_id(facts_.serial, record.seq);
  facts.attempts = end.attempts;
  facts.timings = {Duration(end.queued_ns), Duration(end.run_ns)};
  facts.needed_bytes = end.needed_bytes;
  if (end.message_bytes != 0)
    facts.message = clean_text({port_.reply().message(record.slot).text, end.message_bytes}, kMessageBytes);
  if (end.impossible) facts.message = kImpossibleEnd;
  if (end.status != Status::Done) facts.handler = drafter_.handler_named(job.handler);
  if (end.result_bytes == 0) {
    result_came_back(record.result.id);
    return;
  }
  outcome.session_ = shared_from_this();
  outcome.extent_ = record.result.id;
  outcome.in_place_ = {port_.reply().ring() + record.result.offset, static_cast<std::size_t>(end.result_bytes)};
}

bool SessionCore::take_outcome(std::uint32_t at, Outcome& outcome) {
  Record& record = records_[at];
  if (record.life == Life::Ended) {
    fill_outcome(record, outcome);
    port_.release(record.slot);
    free_record(at);
    serve_waiting();
    return true;
  }
  // Slot and extents of what never ended stay taken: some worker may still write there.
  if (closed_) {
    outcome = plain(Status::Cancelled, Cause::Cancelled, "the session was closed");
  } else if (gone_) {
    outcome = plain(Status::Lost, Cause::Lost, "the daemon is gone");
  }
  return closed_ || gone_;
}

bool SessionCore::collect_one(std::uint32_t at) {
  if (records_[at].life != Life::Published) return false;
  const std::uint32_t slot = records_[at].slot;
  const auto word = port_.collect_one(slot);
  if (word) on_ended(at, *word);
  return word.has_value();
}

template <typename Ready>
bool SessionCore::wait_until(Duration limit, Ready&& ready, std::uint32_t record) {
  const TimeLimit time(limit);
  bool may_spin = facts_.spin > Duration(0);
  bool spun = false;  // until a change
  for (bool first = true;; first = false) {
    std::uint32_t seen = 0;
    std::uint32_t slot = 0;
    std::uint32_t seq = 0;
    {
      const std::lock_guard lock(mutex_);
      // One job is found by its own line: the one with the completion word is the workers' busiest.
      if (record != kNoRecord) {
        slot = records_[record].slot;
        const bool collected = collect_one(record);
        if (collected && first) port_.prefetch_next(slot);
        // A word that somebody else altered looks changed for ever: no reason to burn CPU for as long.
        if (spun && !collected) may_spin = false;
        if (waiting_ != 0) serve_waiting();
      }
      if (ready()) return true;
      if (record == kNoRecord || !may_spin) {
        seen = port_.observe();
        collect();
        if (ready()) return true;
      }
      if (record != kNoRecord) {
        slot = records_[record].slot;
        seq = records_[record].seq;
      }
    }
    Duration left = time.left();
    if (left <= Duration(0)) {
      if (!look_for_daemon()) return false;
      const std::lock_guard lock(mutex_);
      return ready();
    }
    if (may_spin) {
      const auto changed = [&] {
        if (record == kNoRecord) return moved_on(port_, seen);
        const SlotWord word = port_.read(slot);
        return word.is_terminal() || word.seq() != seq;
      };
      may_spin = spun = spin_until(changed, std::min(left, facts_.spin));
      // What was seen before the spin is too old to sleep on.
      continue;
    }
    port_.sleep(seen, std::min(left, kLongestNap));
    if (!moved_on(port_, seen)) (void)check_gone();
  }
}

// For callers that only poll and never sleep here. True: the daemon is gone.
bool SessionCore::look_for_daemon() {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || gone_ || Clock::now() - looked_ < kLongestNap) return false;
  }
  return check_gone();
}

bool SessionCore::wait(std::uint32_t record, Duration limit, Outcome& outcome) {
  if (forked()) {
    outcome = plain(Status::Lost, Cause::Lost, "this job belongs to the parent process");
    return true;
  }
  return wait_until(
      limit, [&] { return take_outcome(record, outcome); }, record);
}

std::optional<std::size_t> SessionCore::wait_any(std::span<const std::uint32_t> records, Duration limit) {
  if (forked() || std::all_of(records.begin(), records.end(), [](std::uint32_t one) { return one == kNoRecord; }))
    return std::nullopt;
  std::optional<std::size_t> found;
  (void)wait_until(limit, [&] {
    for (std::size_t at = 0; at < records.size() && !found; ++at)
      if (records[at] != kNoRecord && (closed_ || gone_ || records_[records[at]].life == Life::Ended)) found = at;
    return found.has_value();
  });
  return found;
}

bool SessionCore::ended(std::uint32_t record) {
  if (forked()) return true;
  return wait_until(
      Duration(0), [&] { return closed_ || gone_ || records_[record].life == Life::Ended; }, record);
}

std::uint64_t SessionCore::job_id(std::uint32_t record) {
  if (forked()) return 0;
  const std::lock_guard lock(mutex_);
  return make_job_id(facts_.serial, records_[record].seq);
}

void SessionCore::cancel(std::uint32_t record) {
  if (forked()) return;
  const std::lock_guard lock(mutex_);
  if (records_[record].life == Life::Waiting && !closed_) stop_waiting(records_[record]);
  if (records_[record].life != Life::Published || closed_) return;
  records_[record].asked_again = true;  // a cancelled job is not sent once more
  (void)port_.cancel(records_[record].slot, records_[record].seq);
}

void SessionCore::abandon(std::uint32_t record) noexcept {
  if (forked()) return;
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  records_[record].abandoned = true;
  if (records_[record].life == Life::Waiting) stop_waiting(records_[record]);
  if (records_[record].life == Life::Ended) {
    on_ended(record, records_[record].end);
  } else {
    (void)port_.cancel(records_[record].slot, records_[record].seq);
  }
}

}  // namespace ringmaster
