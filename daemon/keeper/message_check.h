#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include "daemon/link/keeper_protocol.h"

/// Checks packets from the supervisor: the keeper uses nothing that is not checked here. Pure, no allocation.
namespace ringmaster::keeper {

/// The message type, if the header belongs to this build and has the packet's size.
[[nodiscard]] std::optional<MessageType> check_header(std::span<const std::byte> packet);

/// A copy of a fixed-size message; empty if the packet has another size.
template <typename Message>
[[nodiscard]] std::optional<Message> read_message(std::span<const std::byte> packet) {
  static_assert(std::is_trivially_copyable_v<Message>);
  if (packet.size() != sizeof(Message)) return std::nullopt;
  Message message;
  std::memcpy(&message, packet.data(), sizeof message);
  return message;
}

/// A checked Spawn message; its strings point into the packet.
struct SpawnRequest {
  SpawnMessage message;
  const char* path = nullptr;
  const char* cwd = nullptr;  ///< nullptr: unchanged
  std::array<char*, kMaxSpawnArgs + 1> argv{};
  std::array<char*, kMaxSpawnEnv + 1> env{};
};

/// 0, EBADMSG (sizes, counts or strings contradict each other), EINVAL (a value that no worker may have). `request` is
/// large and should be in static memory.
[[nodiscard]] int read_spawn(std::span<std::byte> packet, std::size_t fds, SpawnRequest& request);

/// True if the text has only lines that a supervisor may send to the service manager (never MAINPID, WATCHDOG,
/// FDSTORE).
[[nodiscard]] bool notify_text_allowed(std::string_view text);

}  // namespace ringmaster::keeper
