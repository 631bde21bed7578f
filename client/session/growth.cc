#include "client/session/growth.h"

#include "client/session/outcome_reading.h"
#include "client/session/wait_step.h"

namespace ringmaster::client {

// True: to be published.
bool Growth::begin(std::uint32_t at, TimePoint now) {
  JobRecord& record = records_[at];
  record.needed = end_of(record, port_.reply()).needed_bytes;
  if (record.needed <= record.job.result_capacity || record.needed > results_.capacity()) return false;
  if (waits() && record.result.id != 0) stirred_ = now;
  results_.give_back(record.result.id);
  record.result = shm::Extent{};
  record.asked_again = true;
  const Asked asked = ask(record);
  if (asked == Asked::NoRoom) {
    record.life = JobRecord::Life::Waiting;
    if (waiting_++ == 0) stirred_ = now;
  }
  return asked == Asked::Ready;
}

// True: to be published.
bool Growth::retry(std::uint32_t at, bool stuck) {
  JobRecord& record = records_[at];
  switch (ask(record)) {
    case Asked::Ready:
      --waiting_;
      return true;
    case Asked::NoRoom:
      if (stuck || results_.in_use() == 0) give_up(record);
      return false;
    case Asked::Never:
      give_up(record);
      return false;
  }
  return false;
}

Growth::Asked Growth::ask(JobRecord& record) {
  if (port_.board_closed() != shm::BoardClosed::Open) return Asked::Never;  // the pool would refuse the job
  switch (results_.take(record.needed, record.result, may_take_)) {
    case shm::Taken::Ok:
      break;
    case shm::Taken::NoRoom:
      return Asked::NoRoom;
    case shm::Taken::NoMemory:
      return Asked::Never;
  }
  port_.release(record.slot);
  record.slot = *port_.take_slot();  // at least the slot that was just released is free
  record.job.result_line = static_cast<std::uint32_t>(record.result.offset / shm::kCacheLine);
  record.job.result_capacity = record.needed;
  return Asked::Ready;
}

bool Growth::nothing_moves(TimePoint now) const noexcept {
  return port_.in_flight() == 0 && now - stirred_ > kLongestNap;
}

}  // namespace ringmaster::client
