#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/sessions/segments.h"
#include "daemon/sessions/session_ending.h"
#include "daemon/sessions/session_ledger.h"
#include "daemon/sessions/session_table.h"
#include "tests/testing/fake_daemon_port.h"
#include "tests/testing/fake_pool_port.h"
#include "tests/testing/fake_timers.h"

namespace ringmaster::testing {

inline constexpr shm::SessionGeometry kSmall{64, 4096, 4096};

/// A session of uid 1000 whose two segments are there, and which is in no table yet.
[[nodiscard]] inline std::unique_ptr<daemon::SessionEntry> open_session(std::uint16_t index, std::uint32_t serial,
                                                                        daemon::PoolPort& pool,
                                                                        const shm::SessionGeometry& geometry = kSmall) {
  auto entry = std::make_unique<daemon::SessionEntry>();
  entry->pool = &pool;
  daemon::Session& session = entry->session;
  session.index = index;
  session.serial = serial;
  session.uid = 1000;
  session.pid = 77;
  session.pool = pool.index();
  session.pool_name = pool.config().name;
  session.client = "app";
  session.cookie = {11, 12};
  session.geometry = geometry;
  EXPECT_TRUE(daemon::create_segments(session));
  session.lifeline = std::move(daemon::create_lifeline()->ours);
  session.state = daemon::SessionState::Open;
  return entry;
}

/// What the rooms of sessions stand in: one pool, a daemon, a clock; no event loop.
struct SessionHouse {
  SessionHouse()
      : ending({table, ledger, quota, daemon},
               {timers,
                [this](int, std::function<void()> readable) -> std::unique_ptr<daemon::FdWatch> {
                  lifelines.push_back(std::move(readable));
                  return nullptr;
                },
                [this](std::uint32_t serial) { internal_gone.push_back(serial); }}) {}

  /// A session that is open, in the ledger, and charged to its uid.
  daemon::SessionEntry& add(std::uint16_t index, std::uint32_t serial, const shm::SessionGeometry& geometry = kSmall) {
    daemon::SessionEntry& entry = table.add(open_session(index, serial, pool, geometry));
    EXPECT_FALSE(quota.open_session(timers.now(), 1000, geometry.slots, core::Bytes{entry.session.bytes()}));
    ledger.publish(entry.session);
    return entry;
  }
  /// No worker has the sessions any more that were taken from them.
  void workers_let_go() { FakePoolPort::answer(pool.detaching); }
  [[nodiscard]] std::uint64_t sessions_charged() const { return quota.use(1000).sessions; }

  FakeTimers timers;
  FakePoolPort pool{"images"};
  FakeDaemonPort daemon{std::vector<daemon::PoolPort*>{&pool}};
  core::QuotaBook quota{core::QuotaLimits{}};
  daemon::SessionTable table;
  daemon::SessionLedger ledger{daemon.ledger()};
  std::vector<std::function<void()>> lifelines;  ///< each tells that one is readable
  std::vector<std::uint32_t> internal_gone;
  daemon::SessionEnding ending;
};

/// A client that asks for one thing.
class SessionClient {
 public:
  [[nodiscard]] daemon::SessionAsker asker() {
    return [this](daemon::SessionAnswer&& answer) {
      EXPECT_FALSE(answer_) << "answered twice";
      answer_ = std::move(answer);
    };
  }
  [[nodiscard]] bool answered() const { return answer_.has_value(); }
  template <typename Answer>
  [[nodiscard]] const Answer* got() const {
    return answer_ ? std::get_if<Answer>(&*answer_) : nullptr;
  }
  [[nodiscard]] std::optional<daemon::RefusalCode> refused() const {
    const auto* refusal = got<daemon::RequestRefusal>();
    return refusal == nullptr ? std::nullopt : std::optional(refusal->code);
  }

 private:
  std::optional<daemon::SessionAnswer> answer_;
};

}  // namespace ringmaster::testing
