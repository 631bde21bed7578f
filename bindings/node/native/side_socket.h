#pragma once

#include <node_api.h>

namespace ringmaster::node {

/// connect(path) -> the descriptor of a socket that is connected to the Unix socket of that path, and is the script's
/// to close, and non-blocking; undefined: nobody listens there, or as many as may be wait to be accepted already.
/// It never waits: a pool whose program is busy must not keep a worker from its tasks.
napi_value connect_side(napi_env env, napi_callback_info info);

}  // namespace ringmaster::node
