#pragma once

#include <node_api.h>

#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bindings/node/native/napi_base.h"

/// Values of scripts.
namespace ringmaster::node {

[[nodiscard]] inline double number_of(napi_env env, napi_value value, double otherwise = 0) {
  double number = otherwise;
  (void)napi_get_value_double(env, value, &number);
  return number;
}

/// A size that a script gives; nullopt: it is none, or more than any memory has.
[[nodiscard]] inline std::optional<std::uint64_t> size_of(napi_env env, napi_value value) {
  constexpr double kMost = double(std::uint64_t{1} << 48);
  const double number = number_of(env, value, -1);
  if (!(number >= 0 && number <= kMost)) return std::nullopt;
  return static_cast<std::uint64_t>(number);
}

[[nodiscard]] inline std::string text_of(napi_env env, napi_value value) {
  std::size_t size = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &size) != napi_ok) return {};
  std::string text(size, '\0');
  (void)napi_get_value_string_utf8(env, value, text.data(), size + 1, &size);
  return text;
}

/// nullptr: scripts are being ended.
[[nodiscard]] inline napi_value property(napi_env env, napi_value object, const char* name) {
  napi_value value = nullptr;
  (void)napi_get_named_property(env, object, name, &value);
  return value;
}

/// Text of a script's as UTF-8, without allocating.
template <std::size_t kMostBytes>
class TextBuffer {
 public:
  /// Of a longer text the beginning; valid until the next call.
  [[nodiscard]] std::span<const std::byte> bytes_of(napi_env env, napi_value text) {
    std::size_t size = 0;
    (void)napi_get_value_string_utf8(env, text, chars_.data(), chars_.size(), &size);
    return std::as_bytes(std::span(chars_.data(), size));
  }

 private:
  std::array<char, kMostBytes + 1> chars_;  // and an end; not filled before it is used
};

[[nodiscard]] inline std::string_view text_in(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

[[nodiscard]] inline napi_value to_value(napi_env env, std::string_view text) {
  napi_value value = nullptr;
  must(napi_create_string_utf8(env, text.data(), text.size(), &value), "napi_create_string_utf8");
  return value;
}
[[nodiscard]] inline napi_value to_value(napi_env env, double number) {
  napi_value value = nullptr;
  must(napi_create_double(env, number, &value), "napi_create_double");
  return value;
}
// A template, so that no text is taken for one.
template <std::same_as<bool> T>
[[nodiscard]] napi_value to_value(napi_env env, T yes) {
  napi_value value = nullptr;
  must(napi_get_boolean(env, yes, &value), "napi_get_boolean");
  return value;
}
[[nodiscard]] inline napi_value undefined(napi_env env) {
  napi_value value = nullptr;
  must(napi_get_undefined(env, &value), "napi_get_undefined");
  return value;
}
[[nodiscard]] inline std::uint32_t length_of(napi_env env, napi_value list) {
  bool is_list = false;
  std::uint32_t length = 0;
  if (napi_is_array(env, list, &is_list) == napi_ok && is_list) (void)napi_get_array_length(env, list, &length);
  return length;
}

/// The bytes of an ArrayBuffer or of a Uint8Array (a Buffer is one); empty: it is neither, or detached.
[[nodiscard]] inline std::span<std::byte> bytes_of(napi_env env, napi_value value) {
  void* data = nullptr;
  std::size_t size = 0;
  bool is = false;
  if (napi_is_arraybuffer(env, value, &is) == napi_ok && is) {
    (void)napi_get_arraybuffer_info(env, value, &data, &size);
  } else if (napi_is_typedarray(env, value, &is) == napi_ok && is) {
    napi_typedarray_type type{};
    (void)napi_get_typedarray_info(env, value, &type, &size, &data, nullptr, nullptr);
    if (type != napi_uint8_array && type != napi_uint8_clamped_array && type != napi_int8_array) return {};
  }
  return {static_cast<std::byte*>(data), data != nullptr ? size : 0};
}

/// A new ArrayBuffer with a copy of the bytes; nullptr: they are more than every Node.js has room for, or scripts are
/// being ended.
[[nodiscard]] inline napi_value copy_of(napi_env env, std::span<const std::byte> bytes) {
  constexpr std::size_t kMost = std::size_t{1} << 32;
  void* place = nullptr;
  napi_value buffer = nullptr;
  if (bytes.size() > kMost || napi_create_arraybuffer(env, bytes.size(), &place, &buffer) != napi_ok) return nullptr;
  if (!bytes.empty()) std::memcpy(place, bytes.data(), bytes.size());
  return buffer;
}

}  // namespace ringmaster::node
