#include "daemon/supervisor/worker_numbers.h"

#include <algorithm>

#include "shm/ledger/ledger.h"

namespace ringmaster::daemon {

Result<WorkerNumbers> WorkerNumbers::of(std::span<const unsigned> seats) {
  WorkerNumbers numbers;
  std::uint32_t next = 0;
  numbers.firsts_.push_back(0);
  for (const unsigned count : seats) {
    next += count;
    if (next > shm::kMaxWorkers) {
      return Error{"the pools have more than " + std::to_string(shm::kMaxWorkers) +
                   " workers and spares together; lower [pool.*] workers"};
    }
    numbers.firsts_.push_back(static_cast<std::uint16_t>(next));
  }
  return {boost::system::in_place_value, std::move(numbers)};
}

std::optional<std::size_t> WorkerNumbers::pool_of(std::uint32_t worker) const {
  const auto behind = std::upper_bound(firsts_.begin(), firsts_.end(), worker);
  if (behind == firsts_.end()) return std::nullopt;
  return static_cast<std::size_t>(behind - firsts_.begin()) - 1;
}

}  // namespace ringmaster::daemon
