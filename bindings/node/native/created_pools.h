#pragma once

#include <node_api.h>

namespace ringmaster::node {

/// createPool({socket, name, config, workers, minWorkers}, done(error, handle, the pool's name in its daemon)): a pool
/// that lasts until it is dropped, its handle is collected, or this process ends.
napi_value create_pool(napi_env env, napi_callback_info info);
/// dropPool(handle, done(error)): what still runs there is killed; nothing of it is left then.
napi_value drop_pool(napi_env env, napi_callback_info info);

}  // namespace ringmaster::node
