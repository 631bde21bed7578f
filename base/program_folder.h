#pragma once

#include <string>
#include <vector>

/// Where the programs and the handler libraries that belong together lie: an installed tree can be moved, and one that
/// was only built serves too. (The keeper, which allocates nothing, looks for its supervisor by itself.)
namespace ringmaster {

/// Of the running program; empty where /proc does not tell.
[[nodiscard]] std::string program_folder();

/// The folders that may hold the handler libraries, seen from that of a program: the installed one, then those of a
/// tree that was built. Whether one is there is the caller's to see. None for an empty `program`.
[[nodiscard]] std::vector<std::string> handler_folders(const std::string& program);

}  // namespace ringmaster
