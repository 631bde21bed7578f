#pragma once

#include <string>
#include <string_view>

namespace ringmaster::worker {

/// The name of a worker in ps and top, at most 15 bytes (the kernel's TASK_COMM_LEN): "rm:images[0]". A long pool name
/// is cut, the seat's number never. Pure.
[[nodiscard]] std::string process_name(std::string_view pool, std::string_view place);

}  // namespace ringmaster::worker
