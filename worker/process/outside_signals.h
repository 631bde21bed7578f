#pragma once

namespace ringmaster::worker {

/// Makes this worker survive signals from outside: it ends only when its supervisor says so, or by SIGKILL, so that a
/// terminal or `systemctl stop` costs no job. Every signal that would end or stop the process gets an empty handler,
/// except faults, the signal for the keeper's death, and those that have a handler already. Handlers are used instead
/// of SIG_IGN, because programs that a job starts would inherit SIG_IGN.
void outlive_outside_signals() noexcept;

}  // namespace ringmaster::worker
