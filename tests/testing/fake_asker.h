#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "daemon/control/responder.h"
#include "proto/control.pb.h"

namespace ringmaster::testing {

/// A connection that has room for every answer, and keeps the last one.
class FakeAsker final : public daemon::Asker {
 public:
  explicit FakeAsker(std::uint64_t connection = 1) : connection_(connection) {}
  [[nodiscard]] bool alive() const override { return true; }
  bool answer(control::v1::Reply&& reply, std::vector<UniqueFd>) override {
    last = std::move(reply);
    return true;
  }
  void when_room(std::function<void()> then) override { then(); }
  [[nodiscard]] std::uint64_t connection() const override { return connection_; }

  control::v1::Reply last;

 private:
  std::uint64_t connection_;
};

}  // namespace ringmaster::testing
