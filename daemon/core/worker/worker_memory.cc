#include "daemon/core/worker/worker_memory.h"

#include <utility>

#include "base/cgroup_text.h"

namespace ringmaster::core {
namespace {

// The limit is not lowered for less than this.
constexpr Bytes kWorthIt = mib(16);

}  // namespace

std::optional<Bytes> WorkerMemory::give(std::uint32_t serial, Bytes segments) {
  if (!held_.emplace(serial, segments).second) return std::nullopt;
  sessions_ += segments;
  const Bytes limit = memory_max_ + sessions_;
  if (limit <= written_) return std::nullopt;
  return written_ = limit;
}

void WorkerMemory::returned(std::uint32_t serial) {
  const auto at = held_.find(serial);
  if (at == held_.end()) return;
  sessions_ -= at->second;
  held_.erase(at);
}

// Pages of ended sessions stay charged until their clients unmap them, and cannot be distinguished from pages of
// present sessions. So all shared memory that is charged is added to the limit, which is then never too low for a job.
WorkerMemory::Look WorkerMemory::look(const Use& use) {
  Look look;
  look.over = use.anonymous > memory_max_;
  const Bytes limit = memory_max_ + sessions_ + use.shared;
  if (limit > written_ || limit + kWorthIt < written_) look.limit = written_ = limit;
  return look;
}

std::optional<WorkerMemory::Use> memory_use_of(std::string_view memory_stat) {
  const auto anonymous = cgroup_figure(memory_stat, "anon");
  const auto shared = cgroup_figure(memory_stat, "shmem");
  if (!anonymous || !shared) return std::nullopt;
  return WorkerMemory::Use{Bytes{*anonymous}, Bytes{*shared}};
}

}  // namespace ringmaster::core
