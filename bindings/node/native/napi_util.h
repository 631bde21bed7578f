#pragma once

#include <node_api.h>

#include <array>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

/// Small things around Node-API. Only its calls up to version 8 are used (Node.js 18 and later), so that one binary
/// serves all versions.
///
/// Two kinds of calls: those that fail only if this code is wrong, for which there is must(); and those that make or
/// change objects that a script could see. These fail at any moment, one after the other, once another thread ends this
/// one's scripts (Worker.terminate()): then nobody is left to be told, what was being made is given up, and a call with
/// a value that could not be made (nullptr) fails likewise.
namespace ringmaster::node {

/// For calls that fail only if this code is wrong. Not for: napi_create_arraybuffer, …_external,
/// …_external_arraybuffer, …_function, napi_set_…, napi_get_element, napi_get_named_property, napi_throw_….
inline void must(napi_status status, const char* what) {
  if (status == napi_ok) return;
  std::fprintf(stderr, "ringmaster: %s failed with Node-API status %d\n", what, status);
  std::abort();
}

template <std::size_t N>
struct Arguments {
  explicit Arguments(napi_env env, napi_callback_info info) {
    size = N;
    must(napi_get_cb_info(env, info, &size, values.data(), nullptr, &data), "napi_get_cb_info");
  }
  [[nodiscard]] napi_value operator[](std::size_t at) const { return values[at]; }

  std::size_t size = N;
  std::array<napi_value, N> values{};
  void* data = nullptr;
};

class HandleScope {
 public:
  explicit HandleScope(napi_env env) : env_(env) {
    must(napi_open_handle_scope(env, &scope_), "napi_open_handle_scope");
  }
  ~HandleScope() { napi_close_handle_scope(env_, scope_); }
  HandleScope(const HandleScope&) = delete;
  HandleScope& operator=(const HandleScope&) = delete;

 private:
  napi_env env_;
  napi_handle_scope scope_ = nullptr;
};

/// False while the environment is taken down: scripts cannot be called any more, nor objects changed.
[[nodiscard]] inline bool can_run_scripts(napi_env env) {
  napi_value object = nullptr;
  return napi_create_object(env, &object) == napi_ok && napi_set_named_property(env, object, "is", object) == napi_ok;
}

/// A script's exception that nobody is to see.
inline void forget_exception(napi_env env) {
  napi_value error = nullptr;
  (void)napi_get_and_clear_last_exception(env, &error);
}

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

/// A handle for scripts, which owns `value`; nullptr: scripts are being ended.
template <typename T>
[[nodiscard]] napi_value handle_of(napi_env env, T value) {
  auto kept = std::make_unique<T>(std::move(value));
  napi_value handle = nullptr;
  const auto forget = [](napi_env, void* data, void*) { delete static_cast<T*>(data); };
  if (napi_create_external(env, kept.get(), forget, nullptr, &handle) != napi_ok) return nullptr;
  (void)kept.release();
  return handle;
}

inline void throw_error(napi_env env, const std::string& text) { (void)napi_throw_error(env, nullptr, text.c_str()); }

struct Method {
  const char* name;
  napi_callback call;
};
inline void add_methods(napi_env env, napi_value to, std::span<const Method> methods) {
  for (const Method& one : methods) {
    napi_value function = nullptr;
    (void)napi_create_function(env, one.name, NAPI_AUTO_LENGTH, one.call, nullptr, &function);
    (void)napi_set_named_property(env, to, one.name, function);
  }
}

}  // namespace ringmaster::node
