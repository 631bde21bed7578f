#pragma once

#include <node_api.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
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
