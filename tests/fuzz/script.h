#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/target.h"

namespace ringmaster::fuzz {

/// An input read as a list of values; when it is used up all of them are 0.
class Script {
 public:
  explicit Script(Input bytes) : bytes_(bytes) {}

  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] std::size_t left() const { return bytes_.size(); }

  template <typename T>
  T next() {
    T value{};
    const Input from = take(sizeof value);
    if (!from.empty()) std::memcpy(&value, from.data(), from.size());
    return value;
  }
  /// At most `most`; `most` is below 65536.
  std::size_t below(std::size_t end) { return end == 0 ? 0 : next<std::uint16_t>() % end; }
  Input take(std::size_t most) {
    const Input taken = bytes_.first(std::min(most, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }
  /// u16 length, then the bytes, as far as there are any.
  std::string_view text() { return as_text(take(next<std::uint16_t>())); }
  std::string_view rest() { return as_text(take(bytes_.size())); }

  [[nodiscard]] static std::string_view as_text(Input bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

 private:
  Input bytes_;
};

/// A copy on the heap, exactly as large as its content, so that AddressSanitizer sees a read past the end.
[[nodiscard]] inline std::vector<std::byte> exact_copy(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

/// Seeds: values one after the other, as Script reads them.
class SeedWriter {
 public:
  template <typename T>
  SeedWriter& put(T value) {
    const auto* bytes = reinterpret_cast<const char*>(&value);
    out_.append(bytes, sizeof value);
    return *this;
  }
  SeedWriter& raw(std::string_view text) {
    out_ += text;
    return *this;
  }
  SeedWriter& raw(std::span<const std::byte> bytes) {
    out_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return *this;
  }
  SeedWriter& text(std::string_view text) { return put(static_cast<std::uint16_t>(text.size())).raw(text); }
  SeedWriter& text(std::span<const std::byte> bytes) {
    return put(static_cast<std::uint16_t>(bytes.size())).raw(bytes);
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

}  // namespace ringmaster::fuzz
