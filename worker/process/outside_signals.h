#pragma once

namespace ringmaster::worker {

/// A worker ends on its supervisor's word, or by SIGKILL: what a terminal, `systemctl stop` or anybody else sends to it
/// costs no job. Every signal that would end or stop this process gets an empty handler, but faults, the one that tells
/// of the keeper's end, and those for which somebody else has put up a handler already. Handlers and not SIG_IGN, as
/// which the worker was started: programs that a job starts begin with the defaults.
void outlive_outside_signals() noexcept;

}  // namespace ringmaster::worker
