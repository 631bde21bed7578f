#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "daemon/loop/later.h"

namespace ringmaster::daemon {

/// An action that may be requested any number of times and then runs once, soon, never within the call. It does not run
/// after this object is gone.
class Soon {
 public:
  Soon(Later later, std::function<void()> action)
      : later_(std::move(later)), state_(std::make_shared<State>(State{std::move(action), false})) {}
  ~Soon() { state_->action = nullptr; }
  Soon(const Soon&) = delete;
  Soon& operator=(const Soon&) = delete;

  void ask() {
    if (std::exchange(state_->asked, true)) return;
    later_([state = state_] {
      state->asked = false;
      if (state->action) state->action();
    });
  }

 private:
  struct State {
    std::function<void()> action;
    bool asked = false;
  };

  Later later_;
  std::shared_ptr<State> state_;
};

}  // namespace ringmaster::daemon
