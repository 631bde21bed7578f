#include "bindings/node/native/lent_memory.h"

#include "bindings/node/native/napi_util.h"

namespace ringmaster::node {

napi_value LentMemory::lend(std::span<std::byte> bytes) {
  napi_value buffer = nullptr;
  const auto nothing = [](napi_env, void*, void*) {};
  if (napi_create_external_arraybuffer(env_, bytes.data(), bytes.size(), nothing, nullptr, &buffer) != napi_ok)
    return copy_of(env_, bytes);
  napi_ref reference = nullptr;
  must(napi_create_reference(env_, buffer, 1, &reference), "napi_create_reference");
  lent_.push_back(reference);
  return buffer;
}

void LentMemory::take_back() {
  if (lent_.empty()) return;
  const HandleScope scope(env_);
  for (napi_ref reference : lent_) {
    napi_value buffer = nullptr;
    if (napi_get_reference_value(env_, reference, &buffer) == napi_ok && buffer != nullptr)
      (void)napi_detach_arraybuffer(env_, buffer);  // Fails on one that the handler has transferred: detached as well.
    napi_delete_reference(env_, reference);
  }
  lent_.clear();
}

}  // namespace ringmaster::node
