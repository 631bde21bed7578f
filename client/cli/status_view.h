#pragma once

#include <string>
#include <vector>

#include "client/client.h"
#include "proto/control.pb.h"

/// What the daemon says, as tables for people and as JSON (MANUAL.md has its schema). Pure.
namespace ringmaster::cli {

/// `full`: stacks with every frame; else up to the handler.
[[nodiscard]] std::string status_text(const control::v1::Status& status, bool full = false);
[[nodiscard]] std::string status_json(const control::v1::Status& status);
[[nodiscard]] std::string handlers_text(const std::vector<PoolHandlers>& pools);
[[nodiscard]] std::string handlers_json(const std::vector<PoolHandlers>& pools);

}  // namespace ringmaster::cli
