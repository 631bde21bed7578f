#pragma once

#include <cstdint>

namespace ringmaster::core {

/// What a look at the path of the daemon's socket finds.
enum class PlaceSight : std::uint8_t {
  Ours,      ///< the socket that we listen on
  Gone,      ///< nothing, in a folder that is there
  NoFolder,  ///< the folder is not there either
  Dead,      ///< a socket that nobody listens on
  Foreign,   ///< a socket that somebody else listens on
  NoSocket,  ///< something that is not a socket
};

/// What is done about it.
enum class PlaceAct : std::uint8_t { Nothing, BindAgain, Complain };

/// Binds again only what had been ours and where nobody's work is in the way; complains of the rest, also of a socket
/// that was never seen to be ours (`seen_ours`; a service in a mount namespace of its own may not see its path).
[[nodiscard]] PlaceAct decide_place(PlaceSight sight, bool seen_ours);

}  // namespace ringmaster::core
