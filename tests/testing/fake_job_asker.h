#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "daemon/jobs/job_asker.h"

namespace ringmaster::testing {

/// Asks for a job at a connection, and keeps every answer. Its connection has room when `make_room` is called.
class FakeJobAsker final : public daemon::JobAsker {
 public:
  explicit FakeJobAsker(std::uint64_t connection = 1) : connection_(connection) {}

  [[nodiscard]] bool alive() const override { return connected; }
  bool answer(daemon::JobAnswer&& answer) override {
    answers.push_back(std::move(answer));
    return connected;
  }
  void when_room(std::function<void()> then) override { waiting_.push_back(std::move(then)); }
  [[nodiscard]] std::uint64_t connection() const override { return connection_; }

  /// Its connection has ended: what waits for room holds it, and goes.
  void forget() { waiting_.clear(); }
  void make_room() {
    for (const auto& then : std::exchange(waiting_, {})) then();
  }
  template <typename Answer>
  [[nodiscard]] const Answer* last() const {
    return answers.empty() ? nullptr : std::get_if<Answer>(&answers.back());
  }

  bool connected = true;
  std::vector<daemon::JobAnswer> answers;

 private:
  std::uint64_t connection_;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace ringmaster::testing
