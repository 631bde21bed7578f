#include "daemon/core/worker/worker_memory.h"

#include <utility>

#include "base/cgroup_text.h"

namespace ringmaster::core {
namespace {

// Less is not worth a write.
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

// What is charged of sessions that are gone stays until their clients let go of it, and cannot be told from what is
// charged of those that are there: all of it comes on top. So the limit is never below what an innocent job may need.
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
