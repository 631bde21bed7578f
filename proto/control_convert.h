#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "proto/args.h"
#include "proto/control.pb.h"
#include "proto/handler_table.h"

/// Between the control protocol's messages and plain values. Only for units that see protobuf anyway.
namespace ringmaster::wire {

/// Descriptions, and the encoded table beside them. REQUIRES: check_handlers(handlers).
void to_message(std::span<const HandlerDescription> handlers, control::v1::PoolHandlers& message);

[[nodiscard]] control::v1::Reply error_reply(std::uint64_t request_id, control::v1::ErrorCode code,
                                             std::string message);

/// "unknown pool", "queue full", …: the code in words.
[[nodiscard]] const char* to_string(control::v1::ErrorCode code);

/// The names of OutcomeKind as the JSON and the tables show them: "done", "timed out", …
[[nodiscard]] const char* to_string(control::v1::OutcomeKind kind);

}  // namespace ringmaster::wire
