#pragma once

#include <cstdint>

namespace ringmaster::core {

/// What a look at the path of the daemon's socket finds.
enum class PlaceSight : std::uint8_t {
  Ours,      ///< the socket that we listen on
  Gone,      ///< nothing, but the folder exists
  NoFolder,  ///< the folder does not exist either
  Dead,      ///< a socket that nobody listens on
  Foreign,   ///< a socket that somebody else listens on
  NoSocket,  ///< something that is not a socket
};

/// What to do about it.
enum class PlaceAct : std::uint8_t { Nothing, BindAgain, Complain };

/// Binds again only if the path was ours and no other file is in the way; complains in all other cases, also if the
/// socket was never seen at its path (`seen_ours` is false: a service in its own mount namespace may not see the path).
[[nodiscard]] PlaceAct decide_place(PlaceSight sight, bool seen_ours);

}  // namespace ringmaster::core
