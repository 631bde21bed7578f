#include "bindings/node/native/javascript_stack.h"

#include "bindings/node/native/napi_util.h"

namespace ringmaster::node {

std::string javascript_stack(napi_env env) {
  const HandleScope scope(env);
  napi_value error = nullptr;
  napi_value stack = nullptr;
  if (napi_create_error(env, nullptr, to_value(env, "was at"), &error) != napi_ok) return {};
  if (napi_get_named_property(env, error, "stack", &stack) != napi_ok) return {};
  const std::string text = text_of(env, stack);
  const auto line = text.find('\n');
  return line == std::string::npos ? std::string() : text.substr(line + 1);
}

}  // namespace ringmaster::node
