#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ringmaster {

/// A job's argument. Keys are names (base/text.h), values any bytes.
struct Argument {
  std::string key;
  std::string value;
};

/// An Argument that points into the bytes it was decoded from.
struct ArgumentView {
  std::string_view key;
  std::string_view value;
};

inline constexpr std::size_t kMaxArguments = 64;
inline constexpr std::size_t kMaxEncodedArgumentBytes = 64 * 1024;

/// Encodes as {u16 key length, u32 value length, key, value}*, little endian; an empty list takes no bytes.
/// Fails when a key is no name or comes twice, on more than kMaxArguments, or when the whole exceeds
/// kMaxEncodedArgumentBytes.
[[nodiscard]] Result<std::vector<std::byte>> encode_arguments(std::span<const Argument> arguments);

/// The checks of encode_arguments, without encoding.
[[nodiscard]] Result<void> check_argument_list(std::span<const ArgumentView> arguments);

/// How many bytes encode_arguments would return.
template <typename List>
[[nodiscard]] std::size_t encoded_size(const List& arguments) noexcept {
  std::size_t size = 0;
  for (const auto& one : arguments)
    size += sizeof(std::uint16_t) + sizeof(std::uint32_t) + one.key.size() + one.value.size();
  return size;
}

/// Decodes hostile bytes; fails on whatever encode_arguments would not have written.
/// REQUIRES: `bytes` is private memory that outlives the views; decoding shared memory in place would be a race.
[[nodiscard]] Result<std::vector<ArgumentView>> decode_arguments(std::span<const std::byte> bytes);

}  // namespace ringmaster
