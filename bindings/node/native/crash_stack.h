#pragma once

#include <node_api.h>
#include <ringmaster/worker_abi.h>

#include <string>

namespace ringmaster::node {

/// Where the script was when this process faults (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT) with a job open: written to
/// the file `folder`/crash-JOB, before the supervisor learns of the fault.
///
/// V8 may be in any state then, and may hold any lock. So a forked child asks it, which may fault or hang over it as it
/// likes: nobody waits for it longer than a moment, and the process dies of the fault in any case, as without this.
/// First the child makes an Error. Where that fails, as when the heap is full, a second one lets V8 print its frames,
/// which versions of Node.js before 24 export.

/// Node.js handles SIGSEGV first, for WebAssembly. Call before rm_worker_open(), so that it handles that signal too.
void make_way_for_faults();
/// Call after it, from the thread that runs scripts. `open_job` is null while no job is open.
void tell_of_faults(napi_env env, const std::string& folder, rm_job* const& open_job);
/// An earlier attempt of this job may have told something, which it does not matter any more.
void forget_fault(const rm_job& job);

}  // namespace ringmaster::node
