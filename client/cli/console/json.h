#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ringmaster::cli {

/// Writes one JSON text, two spaces per level. The caller matches begin and end, and gives keys only in objects.
class JsonWriter {
 public:
  JsonWriter& begin_object(std::string_view key = {});
  JsonWriter& end_object();
  JsonWriter& begin_array(std::string_view key);
  JsonWriter& end_array();
  JsonWriter& text(std::string_view key, std::string_view value);
  JsonWriter& number(std::string_view key, std::uint64_t value);
  JsonWriter& number(std::string_view key, std::int64_t value);
  /// Three decimals; null if it is not finite.
  JsonWriter& real(std::string_view key, double value);
  JsonWriter& boolean(std::string_view key, bool value);
  /// With a final newline.
  [[nodiscard]] std::string take();

 private:
  void lead(std::string_view key);
  void close(char bracket);
  std::string out_;
  std::size_t depth_ = 0;
  bool first_ = true;
};

/// `text` as a JSON string with quotes. Characters that could control a terminal become \u escapes; bytes that are not
/// UTF-8 become U+FFFD.
[[nodiscard]] std::string json_string(std::string_view text);
[[nodiscard]] std::string base64(std::span<const std::byte> bytes);

}  // namespace ringmaster::cli
