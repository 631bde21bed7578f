#pragma once

#include <node_api.h>

namespace ringmaster::node {

/// connect(path) -> the descriptor of a socket that is connected to the Unix socket of that path, and is the script's
/// to close; undefined: nobody listens there. It waits where as many as may be are waiting already.
napi_value connect_side(napi_env env, napi_callback_info info);

}  // namespace ringmaster::node
