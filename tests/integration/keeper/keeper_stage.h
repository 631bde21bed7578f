#pragma once

#include <string>

namespace ringmaster::keeper {

/// Whether a process of uid and gid `id` may execute `program`, every folder on the way to it included. Always true
/// where this process may not become another.
[[nodiscard]] bool may_execute(const std::string& program, unsigned id);

/// The folder with the keeper under test, its fake supervisor and its worker. Tests run them under another user too:
/// where the build lies below a folder that is closed to others (a clone in /root), these are copies in a temporary
/// folder, removed at this program's end.
[[nodiscard]] const std::string& keeper_stage();

/// The uid and gid that tests run workers under when they are root: nobody's.
inline constexpr unsigned kOtherUser = 65534;

}  // namespace ringmaster::keeper
