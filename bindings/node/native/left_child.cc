#include "bindings/node/native/left_child.h"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "base/unique_fd.h"
#include "bindings/node/native/errands.h"
#include "bindings/node/native/napi_util.h"

namespace ringmaster::node {
namespace {

// Known by a descriptor: its pid may be another child's once it is reaped.
class LeftChild {
 public:
  LeftChild(napi_env env, UniqueFd child) : env_(env), child_(std::move(child)) {
    must(napi_add_env_cleanup_hook(env, on_end, this), "napi_add_env_cleanup_hook");
  }
  ~LeftChild() { (void)napi_remove_env_cleanup_hook(env_, on_end, this); }
  LeftChild(const LeftChild&) = delete;
  LeftChild& operator=(const LeftChild&) = delete;

  void forget() { child_.reset(); }

 private:
  static void on_end(void* raw) {
    auto& self = *static_cast<LeftChild*>(raw);
    if (!self.child_) return;
    Lane().send([child = std::make_shared<UniqueFd>(std::move(self.child_))] {
      siginfo_t how{};
      while (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(child->get()), &how, WEXITED) != 0 &&
             errno == EINTR) {
      }
    });
  }

  napi_env env_;
  UniqueFd child_;
};

}  // namespace

napi_value reap_with_thread(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const auto pid = static_cast<pid_t>(number_of(env, arguments[0]));
  // Without it (no descriptor is free) the child stays a zombie until the program ends: by its pid alone another
  // child's status might be taken from its parent. No kernel is too old: the daemon, which this child is, needs
  // Linux 5.11, and pidfd_open() itself, so it does not run where a filter that it inherits forbids that.
  UniqueFd child(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  return handle_of(env, std::make_shared<LeftChild>(env, std::move(child)));
}

napi_value is_reaped(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  void* handle = nullptr;
  must(napi_get_value_external(env, arguments[0], &handle), "napi_get_value_external");
  (*static_cast<std::shared_ptr<LeftChild>*>(handle))->forget();
  return nullptr;
}

}  // namespace ringmaster::node
