#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

#include "client/abi/exported.h"
#include "client/types/options.h"
#include "client/types/outcome.h"

/// Between C's values and ours.
namespace ringmaster::abi {

/// No struct of a later version is larger: a struct_size beyond it was never set.
inline constexpr std::size_t kMostStructSize = 4096;

/// The size of a struct in version 1 of the interface. One that has grown since has a line of its own.
template <typename T>
inline constexpr std::size_t kFirstSize = sizeof(T);
template <>
inline constexpr std::size_t kFirstSize<rm_submit> = offsetof(rm_submit, label);
template <>
inline constexpr std::size_t kFirstSize<rm_outcome> = offsetof(rm_outcome, dropped_messages);

/// A copy of a struct whose size is struct_size in the program that filled it in; members that the program does not
/// know are 0. nullopt: it is smaller than in version 1, or members that this library does not know are not 0.
template <typename T>
[[nodiscard]] std::optional<T> read_struct(const T* given) {
  if (given == nullptr || given->struct_size < kFirstSize<T> || given->struct_size > kMostStructSize)
    return std::nullopt;
  const std::size_t size = given->struct_size;
  const auto* bytes = reinterpret_cast<const unsigned char*>(given);
  if (size > sizeof(T) && std::any_of(bytes + sizeof(T), bytes + size, [](unsigned char one) { return one != 0; }))
    return std::nullopt;
  T read{};
  std::memcpy(&read, given, std::min(size, sizeof(T)));
  return read;
}

inline void copy_text(std::string_view text, char* to, std::size_t room) noexcept {
  if (to == nullptr || room == 0) return;
  const std::size_t size = std::min(text.size(), room - 1);
  std::memcpy(to, text.data(), size);
  to[size] = '\0';
}

[[nodiscard]] constexpr Duration from_ns(std::uint64_t ns) noexcept {
  return ns >= static_cast<std::uint64_t>(Duration::max().count()) ? kForever : Duration(ns);
}
[[nodiscard]] constexpr Duration from_ms(std::uint64_t ms) noexcept {
  constexpr std::uint64_t kNsPerMs = 1'000'000;
  return ms > std::numeric_limits<std::int64_t>::max() / kNsPerMs ? kForever : Duration(ms * kNsPerMs);
}

/// NULL and 0: as the library does it by itself.
[[nodiscard]] inline ConnectOptions connect_options(const char* socket, const char* name, std::uint64_t timeout_ms) {
  ConnectOptions options;
  if (socket != nullptr) options.socket = socket;
  if (name != nullptr) options.name = name;
  if (timeout_ms != 0) options.control_timeout = from_ms(timeout_ms);
  return options;
}

}  // namespace ringmaster::abi
