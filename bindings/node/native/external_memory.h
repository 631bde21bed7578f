#pragma once

#include <node_api.h>

#include <cstddef>
#include <memory>
#include <span>

namespace ringmaster::node {

/// An ArrayBuffer over memory that Node.js has not made. `owner` is held until the garbage collector has dropped the
/// buffer; it is let go in the environment's thread. nullptr: there can be none here (no such buffers in this Node.js,
/// one that is larger than it allows, or the scripts are being ended); `owner` has been let go then.
[[nodiscard]] napi_value external_buffer(napi_env env, std::span<std::byte> bytes, std::shared_ptr<void> owner);

}  // namespace ringmaster::node
