#include "daemon/machine/memory_guard.h"

#include <array>
#include <charconv>
#include <limits>
#include <string>
#include <string_view>

#include "daemon/os/cgroup.h"

namespace ringmaster::daemon {
namespace {

constexpr core::Duration kApart = std::chrono::milliseconds{100};
constexpr const char* kLimitFile = "memory.max";

std::string_view text_of(int leaf, const char* file, std::span<char> room) {
  const ssize_t got = read_cgroup(leaf, file, room);
  return {room.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

// The limit in the group now; "max" and a file that cannot be read count as no limit, which need not be raised.
core::Bytes limit_of(int leaf) {
  std::array<char, 64> room;
  const std::string_view text = text_of(leaf, kLimitFile, room);
  std::uint64_t bytes = 0;
  const bool number = std::from_chars(text.data(), text.data() + text.size(), bytes).ec == std::errc{};
  return core::Bytes{number ? bytes : std::numeric_limits<std::uint64_t>::max()};
}

}  // namespace

MemoryGuard::MemoryGuard(int leaf, core::Bytes memory_max) {
  if (leaf < 0 || memory_max.value == 0) return;
  leaf_ = leaf;
  memory_.emplace(memory_max, limit_of(leaf));
}

void MemoryGuard::give(std::uint32_t serial, core::Bytes segments) {
  if (memory_) write(memory_->give(serial, segments));
}

void MemoryGuard::returned(std::uint32_t serial) {
  if (memory_) memory_->returned(serial);
}

bool MemoryGuard::over(core::TimePoint now) {
  if (!memory_ || now - looked_ < kApart) return false;
  looked_ = now;
  static std::array<char, 8192> room;
  const auto use = core::memory_use_of(text_of(leaf_, "memory.stat", room));
  if (!use) return false;
  const auto look = memory_->look(*use);
  write(look.limit);
  return look.over;
}

// If the group is gone it needs no limit: its worker has ended.
void MemoryGuard::write(std::optional<core::Bytes> limit) const {
  if (limit) (void)write_cgroup(leaf_, kLimitFile, std::to_string(limit->value));
}

}  // namespace ringmaster::daemon
