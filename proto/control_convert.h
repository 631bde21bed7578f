#pragma once

#include <span>
#include <string_view>
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
                                             std::string_view message);

}  // namespace ringmaster::wire
