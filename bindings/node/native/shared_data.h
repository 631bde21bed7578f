#pragma once

#include <node_api.h>

namespace ringmaster::node {

/// Data that a pool's process shares with its workers, which only read it: a sealed memory file, mapped by the name
/// that its descriptor has in /proc. The file's own name is a secret, which only those know who have been given the
/// data: a worker maps nothing but a file of that name, whatever path a client tells it.

/// For scripts: share(bytes, name) -> [handle, descriptor] of sealed memory with a copy of the bytes. It is closed by
/// unshare(handle), or with the script's environment.
napi_value share(napi_env env, napi_callback_info info);
napi_value unshare(napi_env env, napi_callback_info info);

/// For scripts: map(path, name, bytes) -> an ArrayBuffer over that memory. What a script writes there it alone sees.
napi_value map_shared(napi_env env, napi_callback_info info);

}  // namespace ringmaster::node
