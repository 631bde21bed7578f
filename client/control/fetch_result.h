#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/unique_fd.h"
#include "client/control/control_link.h"

namespace ringmaster::client {

/// The memory file of a session's job whose result outgrew its room.
[[nodiscard]] Result<UniqueFd> fetch_result(ControlLink& link, std::uint64_t job_id);

}  // namespace ringmaster::client
