#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include "daemon/link/keeper_protocol.h"

/// What the keeper believes of a packet from the supervisor: nothing that is not checked here. Pure, no allocation.
namespace ringmaster::keeper {

/// The message type, if the header is of this build and tells the packet's true size.
[[nodiscard]] std::optional<MessageType> check_header(std::span<const std::byte> packet);

/// A copy of a fixed-size message; empty where the size is another.
template <typename Message>
[[nodiscard]] std::optional<Message> read_message(std::span<const std::byte> packet) {
  static_assert(std::is_trivially_copyable_v<Message>);
  if (packet.size() != sizeof(Message)) return std::nullopt;
  Message message;
  std::memcpy(&message, packet.data(), sizeof message);
  return message;
}

/// A Spawn, checked; its strings point into the packet.
struct SpawnRequest {
  SpawnMessage message;
  const char* path = nullptr;
  const char* cwd = nullptr;  ///< nullptr: unchanged
  std::array<char*, kMaxSpawnArgs + 1> argv{};
  std::array<char*, kMaxSpawnEnv + 1> env{};
};

/// 0, EBADMSG (sizes, counts or strings do not agree), EINVAL (a value that no worker may have). `request` is large: it
/// stands in static memory.
[[nodiscard]] int read_spawn(std::span<std::byte> packet, std::size_t fds, SpawnRequest& request);

/// Whether the text holds only lines that a supervisor may send to the service manager (never MAINPID, WATCHDOG,
/// FDSTORE).
[[nodiscard]] bool notify_text_allowed(std::string_view text);

}  // namespace ringmaster::keeper
