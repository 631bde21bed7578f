#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringmaster::wire {

// The wire is little endian, as are the supported machines: integers are copied, not converted.
static_assert(std::endian::native == std::endian::little);

/// Appends little-endian integers and length-prefixed strings to a buffer that it owns.
class ByteWriter {
 public:
  template <std::integral T>
  void put(T value) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), bytes, bytes + sizeof value);
  }
  void put_bytes(std::span<const std::byte> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void put_text(std::string_view text) { put_bytes(std::as_bytes(std::span(text))); }

  /// u16 length, then the bytes. REQUIRES: text.size() < 65536.
  void put_string(std::string_view text) {
    put(static_cast<std::uint16_t>(text.size()));
    put_text(text);
  }

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

/// Reads what ByteWriter wrote, out of bytes that nobody else can change. Reading past the end yields zeros and empty
/// strings and makes `ok()` false for good, so a decoder checks once per record instead of once per field.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <std::integral T>
  [[nodiscard]] T get() {
    T value{};
    const auto from = get_bytes(sizeof value);
    if (from.size() == sizeof value) std::memcpy(&value, from.data(), sizeof value);
    return value;
  }
  [[nodiscard]] std::span<const std::byte> get_bytes(std::size_t count) {
    if (!ok_ || count > bytes_.size()) {
      ok_ = false;
      return {};
    }
    const auto taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return taken;
  }
  [[nodiscard]] std::string_view get_text(std::size_t count) {
    const auto from = get_bytes(count);
    return {reinterpret_cast<const char*>(from.data()), from.size()};
  }
  [[nodiscard]] std::string_view get_string() { return get_text(get<std::uint16_t>()); }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t left() const { return bytes_.size(); }

 private:
  std::span<const std::byte> bytes_;
  bool ok_ = true;
};

}  // namespace ringmaster::wire
