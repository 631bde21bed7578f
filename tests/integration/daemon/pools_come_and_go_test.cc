#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "tests/integration/control/test_client.h"
#include "tests/integration/daemon/pools_fixture.h"

// Pools that go while others come, while sessions are opened with them, and while supervisors die.
namespace ringmaster {
namespace {

namespace v1 = control::v1;
using namespace std::chrono_literals;

TEST_F(DaemonPools, AHundredInARowLeaveNothing) {
  start_pools();
  const auto descriptors = [](pid_t pid) {
    const std::filesystem::directory_iterator fds("/proc/" + std::to_string(pid) + "/fd");
    return std::distance(begin(fds), std::filesystem::directory_iterator());
  };
  Client one = client();
  // What the keeper is given when the configuration's own worker is ready, it has before anything of the next pool.
  eventually("the daemon is ready", [this] { return count_in(log(), "event=ready") == 1; });
  { const CreatedPool warm = create(); }
  expect_only_the_configuration();
  const auto keepers = descriptors(keeper_);
  unsigned created = 0;
  unsigned refused = 0;
  while (created < 100) {
    const auto pool = one.create_pool("p" + std::to_string((created + refused) % 8), {text()});
    pool ? ++created : ++refused;
  }
  expect_only_the_configuration();
  eventually("the keeper has let go of all", [&] { return descriptors(keeper_) <= keepers; });
  const CreatedPool last = create();
  Session session = open(last.name());
  EXPECT_EQ(run(session, "echo", {}, {}, "x").text(), "x");
}

// In one packet, so that the keeper holds the pool when the daemon stops already.
TEST_F(DaemonPools, OneThatIsBeingCreatedDoesNotKeepTheDaemonFromItsEnd) {
  start_pools();
  testing::TestClient client(socket_);
  v1::Request create;
  create.set_id(100);
  create.mutable_create_pool()->set_name("p");
  create.mutable_create_pool()->set_config(text());
  v1::Request stop;
  stop.set_id(101);
  stop.mutable_stop();
  client.send_raw(wire::make_frame(create.SerializeAsString()) + wire::make_frame(stop.SerializeAsString()));
  EXPECT_EQ(wait_keeper(), 0);
}

// Its handlers are never known: who opens a session with it waits, and hears that it is gone.
TEST_F(DaemonPools, OneThatGoesWhileSessionsAreOpenedWithItHarmsNobody) {
  start_pools();
  const pid_t before = supervisor();
  for (unsigned round = 0; round < 3; ++round) {
    auto pool = client().create_pool("p", {"command = [\"/bin/sleep\", \"1000\"]\nspares = 0\nworkers = 1\n"});
    ASSERT_TRUE(pool) << pool.error().message;
    std::string asked;
    for (std::uint64_t i = 0; i < 16; ++i) {
      v1::Request request;
      request.set_id(100 + i);
      request.mutable_open_session()->set_pool(pool->name());
      asked += wire::make_frame(request.SerializeAsString());
    }
    testing::TestClient dropping(socket_);
    v1::Request drop;
    drop.mutable_drop_pool()->set_name("p");
    drop.mutable_drop_pool()->set_timeout_ms(0);
    dropping.send(drop);
    testing::TestClient opening(socket_);
    for (bool there = true; there;) {
      opening.send_raw(asked);
      for (unsigned i = 0; i < 16; ++i) {
        const auto answer = opening.receive();
        ASSERT_TRUE(answer);
        there = answer->error().code() != v1::ERROR_UNKNOWN_POOL;
      }
    }
    EXPECT_TRUE(dropping.receive()->has_done());
  }
  EXPECT_EQ(supervisor(), before);
}

TEST_F(DaemonPools, SupervisorsThatDieMeanwhileLeaveNothingHalf) {
  start_pools();
  for (unsigned round = 0; round < 12; ++round) {
    std::vector<CreatedPool> pools;
    for (unsigned i = 0; i < 4; ++i) {
      auto pool = client().create_pool("p" + std::to_string(i), {text()});
      ASSERT_TRUE(pool) << pool.error().message;
      pools.push_back(std::move(*pool));
      if (i == round % 4) {
        ASSERT_EQ(::kill(supervisor(), SIGKILL), 0);
      }
    }
    for (CreatedPool& pool : pools) {
      Session session = open(pool.name());
      EXPECT_EQ(run(session, "echo", {}, {}, "x").text(), "x");
    }
    for (std::size_t i = 0; i < pools.size(); i += 2) EXPECT_TRUE(pools[i].drop(0s));
    pools.clear();
    expect_only_the_configuration();
  }
}

}  // namespace
}  // namespace ringmaster
