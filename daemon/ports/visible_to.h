#pragma once

#include <cstdint>

#include "daemon/ports/status_view.h"

namespace ringmaster::daemon {

/// The client that asks for a status.
struct Viewer {
  std::uint32_t uid = 0;
  bool admin = false;

  [[nodiscard]] bool may_see_of(std::uint32_t owner) const { return admin || uid == owner; }
};

/// The part of the status that the viewer may see. Other users' sessions, jobs, charges and created pools are only for
/// administrators; so are stacks and reports of faults, because they may reveal data of a job. Everything else is for
/// everybody: the daemon's health, how much its pools have done, which handlers their workers run. `all.daemon` is made
/// for the viewer (DaemonPort). Pure.
///
///                                        another uid   the owner   an administrator
///   a session, a charge                       –            x               x
///   the id of a job that runs or died         –            x               x
///   an incident's evidence, last_stack        –            –               x
///   a pool that somebody created              –            x               x
///   everything else                           x            x               x
[[nodiscard]] StatusView visible_to(const Viewer& viewer, StatusView all);

}  // namespace ringmaster::daemon
