#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace ringmaster::testing {

struct SystemCall {
  long number = -1;
  std::array<std::uint64_t, 6> arguments{};
};

/// The errnos of the surroundings (EINTR, EAGAIN, ENOMEM, EMFILE, ENFILE, ENOSPC, EPERM, ENOSYS, EIO) that the manual
/// names for such a call, and a few that no manual names and that a security module may say. Empty: it cannot fail so.
[[nodiscard]] std::span<const int> errnos_for(const SystemCall& call);

/// It is carried out and then says that it failed, as close(2) does.
[[nodiscard]] bool fails_afterwards(const SystemCall& call);

[[nodiscard]] std::string name_of(long number);

}  // namespace ringmaster::testing
