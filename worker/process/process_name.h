#pragma once

#include <string>
#include <string_view>

namespace ringmaster::worker {

/// What ps and top show of a worker (15 bytes, the kernel's TASK_COMM_LEN): "rm:images[0]". A long name of a pool is
/// cut, never the place in it. Pure.
[[nodiscard]] std::string process_name(std::string_view pool, std::string_view place);

}  // namespace ringmaster::worker
