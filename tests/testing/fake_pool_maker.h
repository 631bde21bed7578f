#pragma once

#include <string>

#include "daemon/ports/pool_maker.h"

namespace ringmaster::testing {

/// A daemon that lets nobody create pools.
class FakePoolMaker final : public daemon::PoolMaker {
 public:
  void create(const daemon::Peer&, daemon::PoolWish, Created done) override { done(daemon::RequestRefusal(refusal())); }
  void drop(const daemon::Peer&, const daemon::MeantPool&, std::optional<core::Duration>, Dropped done) override {
    done(refusal());
  }
  [[nodiscard]] std::optional<daemon::RequestRefusal> resize(const daemon::Peer&, const daemon::MeantPool&,
                                                             core::WorkerRange) override {
    return refusal();
  }

 private:
  static daemon::RequestRefusal refusal() { return {daemon::RefusalCode::NotAllowed, "no pools here"}; }
};

}  // namespace ringmaster::testing
