#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/unique_fd.h"

namespace ringmaster::control::v1 {
class Reply;
}

namespace ringmaster::daemon {

/// The client's side of one request.
class Asker {
 public:
  virtual ~Asker() = default;
  [[nodiscard]] virtual bool alive() const = 0;
  virtual bool answer(control::v1::Reply&& reply, std::vector<UniqueFd> fds) = 0;
  virtual void when_room(std::function<void()> then) = 0;
  [[nodiscard]] virtual std::uint64_t connection() const = 0;
};

/// Answers one request: fills in the id and sends the descriptors with it. Copies answer the same request. Called
/// exactly once, now or later; if all copies are dropped the request no longer counts as unanswered.
class Responder {
 public:
  explicit Responder(std::shared_ptr<Asker> asker) : asker_(std::move(asker)) {}

  /// False: the connection has ended, so nobody will read the answer.
  bool operator()(control::v1::Reply&& reply, std::vector<UniqueFd> fds) const {
    return asker_->answer(std::move(reply), std::move(fds));
  }
  /// Whether anybody would read the answer; ask before building an expensive one.
  [[nodiscard]] bool alive() const { return asker_->alive(); }
  /// Calls `then` in a turn of the connection when it has room for another reply; never within this call, and not at
  /// all if the connection ends first.
  void when_room(std::function<void()> then) const { asker_->when_room(std::move(then)); }
  [[nodiscard]] std::uint64_t connection() const { return asker_->connection(); }

 private:
  std::shared_ptr<Asker> asker_;
};

}  // namespace ringmaster::daemon
