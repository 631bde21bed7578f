#pragma once

#include <node_api.h>

namespace ringmaster::node {

/// A child process of a worker_thread's: libuv reaps it as long as that thread's loop lives, and nobody afterwards; it
/// would stay a zombie until the program ends. So what is left of it when the thread ends is waited for, in a thread of
/// its own.

/// For scripts: reapWithThread(pid) -> a handle. REQUIRES: a child that has not been reaped yet, as in the turn that
/// started it. isReaped(handle): it need not be waited for any more.
napi_value reap_with_thread(napi_env env, napi_callback_info info);
napi_value is_reaped(napi_env env, napi_callback_info info);

}  // namespace ringmaster::node
