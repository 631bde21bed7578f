#pragma once

#include <cstdint>

#include "daemon/ports/status_view.h"

namespace ringmaster::daemon {

/// Who looks.
struct Viewer {
  std::uint32_t uid = 0;
  bool admin = false;

  [[nodiscard]] bool may_see_of(std::uint32_t owner) const { return admin || uid == owner; }
};

/// What of it the viewer may see. Other users' sessions, jobs and charges are nobody's business but an administrator's;
/// stacks and what a fault said are for administrators alone, as they may show what a job worked on. All else is
/// everybody's: how the daemon is, how much its pools have done, which handlers their workers run. Pure.
///
///                                        another uid   the owner   an administrator
///   a session, a charge                       –            x               x
///   the id of a job that runs or died         –            x               x
///   an incident's evidence, last_stack        –            –               x
///   everything else                           x            x               x
[[nodiscard]] StatusView visible_to(const Viewer& viewer, StatusView all);

}  // namespace ringmaster::daemon
