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

/// The other end of one request.
class Asker {
 public:
  virtual ~Asker() = default;
  [[nodiscard]] virtual bool alive() const = 0;
  virtual bool answer(control::v1::Reply&& reply, std::vector<UniqueFd> fds) = 0;
  virtual void when_room(std::function<void()> then) = 0;
  [[nodiscard]] virtual std::uint64_t connection() const = 0;
};

/// Answers one request: the id is filled in, the descriptors go with it. Copies answer the same request. Called exactly
/// once, now or later; what is dropped unanswered is no longer counted.
class Responder {
 public:
  explicit Responder(std::shared_ptr<Asker> asker) : asker_(std::move(asker)) {}

  /// False: the connection has ended, nobody will read the answer.
  bool operator()(control::v1::Reply&& reply, std::vector<UniqueFd> fds) const {
    return asker_->answer(std::move(reply), std::move(fds));
  }
  /// For whatever costs much to build: whether anybody would read it.
  [[nodiscard]] bool alive() const { return asker_->alive(); }
  /// Calls `then` in a turn of the connection in which it may be given another reply, never within this call; not at
  /// all where it ends before.
  void when_room(std::function<void()> then) const { asker_->when_room(std::move(then)); }
  [[nodiscard]] std::uint64_t connection() const { return asker_->connection(); }

 private:
  std::shared_ptr<Asker> asker_;
};

}  // namespace ringmaster::daemon
