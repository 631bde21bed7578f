#pragma once

#include <node_api.h>

#include <string>

namespace ringmaster::node {

/// Where the script is now, as an Error tells it, one line a frame; empty: nowhere, or V8 does not say.
[[nodiscard]] std::string javascript_stack(napi_env env);

}  // namespace ringmaster::node
