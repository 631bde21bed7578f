#include "daemon/supervisor/ledger_segment.h"

#include <utility>

#include "shm/memfd.h"

namespace ringmaster::daemon {

Result<LedgerSegment> LedgerSegment::open(UniqueFd inherited, const LifeFacts& life) {
  LedgerSegment segment;
  segment.fresh_ = !inherited;
  segment.fd_ = std::move(inherited);
  if (segment.fresh_) {
    auto fd =
        shm::create_segment("ringmaster-ledger", shm::ledger_bytes(life.pools_to_come ? shm::kMaxPools : life.pools));
    // A limit of file sizes may leave room for those of the configuration only.
    if (!fd && life.pools_to_come) fd = shm::create_segment("ringmaster-ledger", shm::ledger_bytes(life.pools));
    if (!fd) return fd.error();
    segment.fd_ = std::move(*fd);
  }
  auto mapping = shm::Mapping::map(segment.fd_.get(), shm::Access::ReadWrite);
  if (!mapping) return mapping.error();
  segment.map_ = std::move(*mapping);
  const auto bytes = segment.map_.bytes();
  segment.record_ = segment.fresh_ ? shm::format_ledger(bytes) : shm::open_ledger(bytes, life.pools);
  if (segment.record_ == nullptr) return Error{"the ledger that was inherited has another layout"};
  segment.stamp(life);
  return {boost::system::in_place_value, std::move(segment)};
}

void LedgerSegment::stamp(const LifeFacts& life) {
  record_->supervisor_incarnation.store(life.supervisor, std::memory_order_relaxed);
  if (fresh_ || life.cold) {
    // Made of the clock's nanoseconds and the keeper's pid, so that each life of a daemon has another id.
    record_->daemon_id = life.now_ns ^ (std::uint64_t{life.keeper_pid} << 40);
    record_->stopping.store(0, std::memory_order_relaxed);
  }
  if (fresh_) record_->daemon_started_ns = life.now_ns;
}

}  // namespace ringmaster::daemon
