#include "bindings/node/native/lent_memory.h"

#include "bindings/node/native/external_memory.h"
#include "bindings/node/native/napi_util.h"

namespace ringmaster::node {

napi_value LentMemory::lend(std::span<std::byte> bytes) {
  napi_value buffer = external_buffer(env_, bytes, nullptr);
  if (buffer == nullptr) return copy_of(env_, bytes);
  napi_ref reference = nullptr;
  must(napi_create_reference(env_, buffer, 1, &reference), "napi_create_reference");
  lent_.push_back(reference);
  return buffer;
}

bool LentMemory::take_back() {
  bool is_back = true;
  if (lent_.empty()) return is_back;
  const HandleScope scope(env_);
  for (napi_ref reference : lent_) {
    napi_value buffer = nullptr;
    must(napi_get_reference_value(env_, reference, &buffer), "napi_get_reference_value");
    bool has_moved = false;
    must(napi_is_detached_arraybuffer(env_, buffer, &has_moved), "napi_is_detached_arraybuffer");
    if (has_moved || napi_detach_arraybuffer(env_, buffer) != napi_ok) is_back = false;
    napi_delete_reference(env_, reference);
  }
  lent_.clear();
  return is_back;
}

}  // namespace ringmaster::node
