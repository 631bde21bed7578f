#include "bindings/node/native/external_memory.h"

#include <utility>

#include "bindings/node/native/napi_util.h"

namespace ringmaster::node {
namespace {

using Owner = std::shared_ptr<void>;

void let_go(napi_env /*env*/, void* /*data*/, void* hint) { delete static_cast<Owner*>(hint); }

}  // namespace

napi_value external_buffer(napi_env env, std::span<std::byte> bytes, std::shared_ptr<void> owner) {
  auto kept = std::make_unique<Owner>(std::move(owner));
  napi_value buffer = nullptr;
  const napi_status status =
      napi_create_external_arraybuffer(env, bytes.data(), bytes.size(), let_go, kept.get(), &buffer);
  if (status == napi_ok) return (void)kept.release(), buffer;
  kept->reset();
  if (status == napi_no_external_buffers_allowed) return nullptr;
  // After other failures Node.js calls the finalizer or not, now or later: these few bytes, empty, are its own.
  (void)kept.release();
  forget_exception(env);
  return nullptr;
}

}  // namespace ringmaster::node
