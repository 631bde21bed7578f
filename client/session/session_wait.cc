#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "client/session/outcome_reading.h"
#include "client/session/session_core.h"
#include "client/session/spilled_result.h"
#include "client/session/wait_pace.h"
#include "client/session/wait_step.h"

/// The waiting half of SessionCore: collecting ended jobs and making outcomes of them.
namespace ringmaster::client {

using Life = JobRecord::Life;
using Taker = JobRecord::Taker;

// Inline: what each outcome passes through on its way.

inline void SessionCore::result_came_back(std::uint64_t extent) {
  results_.give_back(extent);
  if (growth_.waits() && extent != 0) growth_.stirred(Clock::now());
}

inline void SessionCore::on_ended(std::uint32_t at, shm::SlotWord word) {
  JobRecord& record = records_[at];
  record.end = word;
  record.life = Life::Ended;
  if (word.state() != shm::SlotState::Done || record.taker != Taker::Holder) [[unlikely]]
    follow_up(at, word);
}

inline bool SessionCore::collect_one(std::uint32_t at) {
  JobRecord& record = records_[at];
  shm::SlotWord word;
  if (record.life != Life::Published || !port_.collect_one(record.slot, word)) return false;
  on_ended(at, word);
  return true;
}

void SessionCore::collect() {
  found_.clear();
  // Collects all first: handling one may publish its job again in a slot that the scan has not reached yet.
  (void)port_.collect(
      [this](std::uint32_t slot, shm::SlotWord word) {
        found_.push_back({slot, word});
      },
      [this](std::uint32_t slot) { speaking_.add(records_.of_slot(slot)); });
  for (const EndedSlot& one : found_) on_ended(records_.of_slot(one.slot), one.word);
  serve_waiting();
}

inline void SessionCore::free_record(std::uint32_t at) {
  requests_.give_back(records_[at].request_extent);
  requests_.ring().give_back(records_[at].arguments_extent);
  records_.give_back(at);
  room_.room_came();
}

// An end that asks for more than to be told.
void SessionCore::follow_up(std::uint32_t at, shm::SlotWord word) {
  JobRecord& record = records_[at];
  if (shm::may_end_in_queue(word)) record.seen_ns = facts_.daemon_now_ns();
  if (record.taker == Taker::Nobody) {
    result_came_back(record.result.id);
    port_.release(record.slot);
    free_record(at);
    return;
  }
  if (Growth::asks_again(record, word) && !life_.over())
    growth_.ended(at, Clock::now(), [this](std::uint32_t ready) { publish(ready); });
  if (record.life == Life::Ended) ended_.add(at);
}

// It has ended by a decision of this side: no worker tells those who sleep.
void SessionCore::gave_up(std::uint32_t at) {
  ended_.add(at);
  shm::wake_client(port_.reply());
}

void SessionCore::ask_again() {
  if (life_.over()) return;
  // Without memory for the heap's books they wait on: an outcome that is being taken must not be lost over it.
  try {
    growth_.serve(
        Clock::now(), [this](std::uint32_t ready) { publish(ready); }, [this](std::uint32_t at) { gave_up(at); });
  } catch (const std::bad_alloc&) {  // thrown before anything was taken
  }
}

inline void SessionCore::fill_outcome(JobRecord& record, Outcome& outcome) {
  const shm::JobEnd end = end_of(record, port_.reply());
  fill_facts(end, record, port_.reply(), facts_.serial, drafter_, outcome.facts_);
  if (end.result_bytes == 0) {
    result_came_back(record.result.id);
    return;
  }
  if (end.spilled) [[unlikely]] {
    result_came_back(record.result.id);
    outcome.session_ = shared_from_this();
    outcome.extent_ = kToBeFetched;
    outcome.in_place_ = {static_cast<const std::byte*>(nullptr), static_cast<std::size_t>(end.result_bytes)};
    return;
  }
  results_.trim(record.result, end.result_bytes);
  outcome.session_ = shared_from_this();
  outcome.extent_ = record.result.id;
  outcome.in_place_ = {port_.reply().ring() + record.result.offset, static_cast<std::size_t>(end.result_bytes)};
}

inline bool SessionCore::take_outcome(std::uint32_t at, Outcome& outcome) {
  JobRecord& record = records_[at];
  if (record.life == Life::Ended) {
    if (record.takes_messages()) [[unlikely]]
      outcome.facts_.dropped_messages = record.messages.dropped();
    fill_outcome(record, outcome);
    if (is_away(outcome)) [[unlikely]] {
      outcome.extent_ |= at;
      record.life = Life::Fetching;
      return true;
    }
    port_.release(record.slot);
    free_record(at);
    serve_waiting();
    return true;
  }
  // Slot and extents of an unfinished job stay taken: a worker may still write there.
  if (!life_.over()) return false;
  outcome = Outcome(life_.end_of_the_rest());
  // Taken from the queue it never runs: its caller may submit it again elsewhere.
  const bool was_queued = record.life == Life::Published && port_.cancel(record.slot, record.seq);
  const unsigned runs = port_.read(record.slot).attempt();
  outcome.facts_.attempts = was_queued ? runs : std::max(runs, 1U);
  record.taker = Taker::Nobody;
  return true;
}

template <typename Ready>
bool SessionCore::wait_until(Duration limit, Ready&& ready, std::uint32_t record) {
  const TimeLimit time(limit);
  const bool one_job = record != kNoRecord;
  WaitPace pace(facts_.spin, one_job);
  for (bool first = true;; first = false) {
    std::uint32_t seen = 0;
    std::uint32_t slot = 0;
    std::uint32_t seq = 0;
    {
      const std::lock_guard lock(mutex_);
      if (one_job) {
        slot = records_[record].slot;
        const bool found = collect_one(record);
        if (found && first) port_.prefetch_next(slot);
        pace.looked(found);
        serve_waiting();
      }
      if (ready()) return true;
      if (pace.looks_at_all()) {
        seen = port_.observe();
        collect();
        if (ready()) return true;
      }
      if (one_job) {
        slot = records_[record].slot;
        seq = records_[record].seq;
      }
    }
    const Duration left = time.left();
    if (left <= Duration(0)) {
      if (!look_for_daemon()) return false;
      const std::lock_guard lock(mutex_);
      return ready();
    }
    if (pace.spins()) {
      const auto changed = [&] {
        if (!one_job) return moved_on(port_, seen);
        const shm::SlotWord word = port_.read(slot);
        return word.is_terminal() || word.seq() != seq;
      };
      // Looks again after the spin: the value from before it is too old to sleep on.
      pace.spun(spin_until(changed, std::min(left, facts_.spin), port_.cpus()));
      continue;
    }
    port_.sleep(seen, std::min(left, life_.longest_nap()));
    if (!moved_on(port_, seen)) (void)check_gone();
  }
}

// For callers that only poll and never sleep here. True: the daemon is gone.
bool SessionCore::look_for_daemon() {
  {
    const std::lock_guard lock(mutex_);
    if (!life_.look_is_due(Clock::now())) return false;
  }
  return check_gone();
}

bool SessionCore::wait(std::uint32_t record, Duration limit, Outcome& outcome) {
  if (forked()) {
    OutcomeFacts facts;
    facts.cause = Cause::Lost;
    facts.message = "this job belongs to the parent process";
    outcome = Outcome(std::move(facts));
    return true;
  }
  const bool taken = wait_until(
      limit, [&] { return take_outcome(record, outcome); }, record);
  if (is_away(outcome)) [[unlikely]]
    fetch(outcome);
  return taken;
}

std::optional<Outcome> SessionCore::wait(std::uint32_t record, Duration limit) {
  std::optional<Outcome> outcome(std::in_place);
  if (!wait(record, limit, *outcome)) outcome.reset();
  return outcome;
}

bool SessionCore::next(Duration limit, Ended& ended) {
  const bool taken = wait_next(limit, ended);
  if (is_away(ended.outcome)) [[unlikely]]
    fetch(ended.outcome);
  return taken;
}

// Its job is done with, and so are slot and record.
void SessionCore::leave_away(std::uint64_t extent) noexcept {
  const auto at = static_cast<std::uint32_t>(extent);
  port_.release(records_[at].slot);
  free_record(at);
  serve_waiting();
}

// Not under the mutex: the daemon may let us wait.
void SessionCore::fetch(Outcome& outcome) {
  if (!is_away(outcome) || forked()) return;
  const std::uint64_t extent = std::exchange(outcome.extent_, 0);
  const std::size_t bytes = std::exchange(outcome.in_place_, {}).size();
  outcome.session_.reset();
  const auto get = [&]() -> Result<std::shared_ptr<SpilledResult>> {
    try {
      std::unique_lock lock(mutex_);
      const auto ask = daemon_.fetch;
      lock.unlock();
      if (!ask) return Error{"the session is closed"};
      auto file = ask(outcome.facts_.job_id);
      if (!file) return file.error();
      return SpilledResult::open(std::move(*file), bytes);
    } catch (const std::bad_alloc&) {
      return Error{"out of memory"};
    }
  };
  const auto got = get();
  {
    const std::lock_guard lock(mutex_);
    leave_away(extent);
  }
  if (!got) return lose_result(outcome.facts_, bytes, got.error());
  outcome.in_place_ = (*got)->bytes();
  outcome.session_ = *got;
}

bool SessionCore::take_next(Ended& ended) {
  if (speaking_.take(ended)) return true;
  if (ended_.empty()) return false;
  const std::uint32_t at = ended_.front();
  if (speaking_.take_of(at, ended)) return true;
  ended.cookie = records_[at].cookie;
  const bool taken = take_outcome(at, ended.outcome);  // if it throws, the job stays in the queue
  ended_.pop();
  return taken;
}

std::optional<Message> SessionCore::next_message(std::uint32_t at, Duration limit) {
  std::optional<Message> message;
  if (forked()) return message;
  (void)wait_until(limit, [&] {
    message = next_message_of(records_[at], facts_.serial);
    return message || records_[at].life == Life::Ended || life_.over();
  });
  return message;
}

bool SessionCore::wait_next(Duration limit, Ended& ended) {
  if (forked()) return false;
  const TimeLimit time(limit);
  for (;;) {
    std::uint32_t seen = 0;
    {
      const std::lock_guard lock(mutex_);
      if (take_next(ended)) return true;
      seen = port_.observe();
      collect();
      if (take_next(ended)) return true;
      if (life_.over()) return false;
    }
    const Duration left = time.left();
    if (left <= Duration(0)) {
      if (!look_for_daemon()) return false;
      continue;
    }
    if (spin_before_sleep(std::min(left, facts_.spin))) continue;
    port_.sleep(seen, std::min(left, life_.longest_nap()));
    if (!moved_on(port_, seen)) (void)check_gone();
  }
}

bool SessionCore::spin_before_sleep(Duration budget) {
  std::uint32_t seen = 0;
  Clock::time_point begin;
  {
    const std::lock_guard lock(mutex_);
    if (has_next()) return true;
    seen = port_.observe();
    collect();
    if (has_next()) return true;
    begin = Clock::now();
    if (budget <= Duration(0) || port_.in_flight() == 0 || life_.over() || !spin_judge_.spins(begin)) return false;
  }
  const bool changed = spin_until([&] { return moved_on(port_, seen); }, budget, port_.cpus());
  const std::lock_guard lock(mutex_);
  spin_judge_.spun(changed, budget, begin, Clock::now());
  if (changed) collect();
  return has_next();
}

std::optional<std::size_t> SessionCore::wait_any(std::span<const std::uint32_t> records, Duration limit) {
  if (forked() || std::all_of(records.begin(), records.end(), [](std::uint32_t one) { return one == kNoRecord; }))
    return std::nullopt;
  std::optional<std::size_t> found;
  (void)wait_until(limit, [&] {
    for (std::size_t at = 0; at < records.size() && !found; ++at)
      if (records[at] != kNoRecord && (life_.over() || records_[records[at]].life == Life::Ended)) found = at;
    return found.has_value();
  });
  return found;
}

bool SessionCore::ended(std::uint32_t record) {
  if (forked()) return true;
  return wait_until(
      Duration(0), [&] { return life_.over() || records_[record].life == Life::Ended; }, record);
}

void SessionCore::cancel(std::uint32_t at) {
  if (forked()) return;
  const std::lock_guard lock(mutex_);
  if (!life_.closed()) (void)cancel_one(at);
}

bool SessionCore::cancel_posted(std::uint64_t cookie, const Force* force) {
  if (forked()) return false;
  std::vector<std::uint64_t> running;
  std::unique_lock lock(mutex_);
  bool any = ended_.each_open(cookie, [&](std::uint32_t at) {
    if (!cancel_one(at) && force != nullptr) running.push_back(shm::make_job_id(facts_.serial, records_[at].seq));
  });
  if (running.empty()) return any;
  const auto forcer = daemon_.force;
  lock.unlock();  // the daemon may let us wait
  const TimeLimit limit(force->patience);
  for (const std::uint64_t job : running)
    any = forcer && forcer(job, {force->grace, std::max(limit.left(), Duration(0))}) && any;
  return any;
}

// True: it has ended, or was queued and has so.
bool SessionCore::cancel_one(std::uint32_t at) {
  JobRecord& record = records_[at];
  if (record.life == Life::Waiting) {
    growth_.give_up(record);
    gave_up(at);
  }
  if (record.life != Life::Published) return true;
  record.asked_again = true;  // a cancelled job is not run again
  return port_.cancel(record.slot, record.seq);
}

bool SessionCore::force(std::uint32_t at, const Force& force) {
  if (forked()) return false;
  cancel(at);
  if (ended(at)) return true;
  std::unique_lock lock(mutex_);
  const auto forcer = daemon_.force;
  lock.unlock();  // the daemon may let us wait
  return forcer && forcer(job_id(at), force);
}

void SessionCore::abandon(std::uint32_t at) noexcept {
  if (forked()) return;
  const std::lock_guard lock(mutex_);
  if (life_.closed()) return;
  JobRecord& record = records_[at];
  record.taker = Taker::Nobody;
  if (record.life == Life::Waiting) growth_.give_up(record);
  if (record.life == Life::Ended) return on_ended(at, record.end);
  (void)port_.cancel(record.slot, record.seq);
}

}  // namespace ringmaster::client
