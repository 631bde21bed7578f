#include <signal.h>
#include <sys/wait.h>

#include <filesystem>

#include "tests/integration/control/test_client.h"
#include "tests/integration/daemon/daemon_fixture.h"

// A real daemon, asked over its socket.
namespace ringmaster {
namespace {

namespace v1 = control::v1;
using testing::TestClient;

class DaemonRequests : public DaemonTest {
 protected:
  static v1::Reply submit(TestClient& client, const std::string& handler, std::uint64_t cookie) {
    v1::Request request;
    v1::Submit& job = *request.mutable_submit();
    job.set_pool("t");
    job.set_handler(handler);
    job.set_cookie_low(cookie);
    job.set_wait(true);
    return client.call(request);
  }
  static v1::Status status_of(TestClient& client) {
    v1::Request request;
    request.mutable_get_status();
    return client.call(request).status();
  }
  /// Until a worker of the pool has died of something with this text.
  void last_death_becomes(const std::string& pool_name, const std::string& text) const {
    eventually("pool " + pool_name + " says: " + text, [&] {
      TestClient client(socket_);
      const v1::Status status = status_of(client);
      for (const v1::PoolStatus& pool : status.pools()) {
        if (pool.name() != pool_name) continue;
        for (const v1::WorkerStatus& worker : pool.workers()) {
          if (worker.last_death().find(text) != std::string::npos) return true;
        }
      }
      return false;
    });
  }
};

TEST_F(DaemonRequests, AWorkerThatSaysWhatNobodyCanReadIsKilledForIt) {
  start("[pool.g]\ncommand = [\"" GARBLED_WORKER "\"]\nworkers = 1\nspares = 0\nstart_timeout = \"10m\"\n");
  last_death_becomes("g", "protocol violation");
  Session session = open();
  EXPECT_EQ(run(session, "echo", {}, {}, "not disturbed").text(), "not disturbed");
}

TEST_F(DaemonRequests, CrashesOfMessagesCountForWhoSubmittedThem) {
  start("[limits]\ncrashes_per_minute = 2\n");
  TestClient client(socket_);
  for (std::uint64_t cookie = 1; cookie <= 3; ++cookie) {
    EXPECT_EQ(submit(client, "crash", cookie).outcome().kind(), v1::OUTCOME_CRASHED) << cookie;
  }
  const v1::Reply refused = submit(client, "echo", 4);
  EXPECT_EQ(refused.error().code(), v1::ERROR_QUOTA);
  EXPECT_NE(refused.error().message().find("workers within a minute"), std::string::npos) << refused.error().message();
}

TEST_F(DaemonRequests, AStopOutlivesTheSupervisorThatWasToldOfIt) {
  start();
  Session session = open();
  auto job = session.submit("sleep", Request{}, {{"ms", "3000"}});
  ASSERT_TRUE(job) << job.error().message;
  {
    TestClient client(socket_);
    eventually("the job runs", [&] { return status_of(client).pools(0).running() == 1; });
    v1::Request stop;
    stop.mutable_stop();
    ASSERT_TRUE(client.call(stop).has_done());
    eventually("the daemon is stopping", [&] { return status_of(client).state() == "stopping"; });
    replace_supervisor();
  }
  eventually("the daemon ends", [this] {
    siginfo_t facts{};
    return ::waitid(P_PID, static_cast<id_t>(keeper_), &facts, WEXITED | WNOHANG | WNOWAIT) == 0 && facts.si_pid != 0;
  });
  EXPECT_EQ(wait_keeper(), 0);
  const auto outcome = job->wait_for(kPatience);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->status(), Status::Done) << outcome->describe();
}

TEST_F(DaemonRequests, AColdStartIsAnotherDaemonAndASuccessorIsTheSame) {
  start();
  const auto daemon_id = [this]() -> std::uint64_t {
    TestClient client(socket_, false);
    v1::Request request;
    request.mutable_hello()->set_version_min(1);
    request.mutable_hello()->set_version_max(1);
    client.send(request);
    const auto reply = client.receive();
    return reply ? reply->hello().daemon_id() : 0;
  };
  const std::uint64_t first = daemon_id();
  EXPECT_NE(first, 0U);
  replace_supervisor();
  eventually("the successor answers", [&] { return daemon_id() != 0; });
  EXPECT_EQ(daemon_id(), first);
  // So many in a row are a loop, whoever sends the signals.
  while (log().find("it dies too often") == std::string::npos) {
    pid_t old = 0;
    eventually("a supervisor runs", [&] { return (old = supervisor()) != 0; });
    ASSERT_EQ(::kill(old, SIGKILL), 0);
    eventually("another supervisor runs", [&] {
      const pid_t now = supervisor();
      return now != 0 && now != old;
    });
  }
  eventually("another daemon answers", [&] { return daemon_id() != 0; });
  EXPECT_NE(log().find("started cold"), std::string::npos);
  EXPECT_NE(daemon_id(), first);
}

TEST_F(DaemonRequests, ASuccessorKnowsTheHandlersOfTheLatestWorkers) {
  const std::string program = folder_ + "/program";
  std::filesystem::copy_file(TEST_WORKER, program);
  start("[pool.u]\ncommand = [\"" + program + "\"]\nworkers = 1\nspares = 0\n");
  Session session = open("u");
  const auto handlers = [this] {
    TestClient client(socket_);
    v1::Request request;
    request.mutable_list_handlers()->set_pool("u");
    return client.call(request).handlers().pools(0).handlers_size();
  };
  EXPECT_GT(handlers(), 1);
  std::filesystem::copy_file(OTHER_WORKER, folder_ + "/upgraded");
  std::filesystem::rename(folder_ + "/upgraded", program);
  EXPECT_EQ(run(session, "crash").status(), Status::Crashed);
  eventually("the upgraded worker is ready", [&] {
    TestClient client(socket_);
    const v1::Status status = status_of(client);
    return handlers() == 1 && status.pools(1).name() == "u" && status.pools(1).workers(0).state() == "active";
  });
  replace_supervisor();
  EXPECT_EQ(handlers(), 1);
}

TEST_F(DaemonRequests, AnUpgradeThatRemovesAProgramEndsNoOtherPool) {
  const std::string program = folder_ + "/program";
  std::filesystem::copy_file(TEST_WORKER, program);
  start("[pool.u]\ncommand = [\"" + program + "\"]\nworkers = 1\nspares = 0\n");
  Session session = open();
  Session upgraded = open("u");
  EXPECT_EQ(run(upgraded, "echo", {}, {}, "before").text(), "before");
  std::filesystem::remove(program);
  replace_supervisor();
  EXPECT_EQ(run(session, "echo", {}, {}, "after").text(), "after");
  EXPECT_EQ(run(upgraded, "echo", {}, {}, "still running").text(), "still running");
  eventually("a warning in the log",
             [this] { return log().find("a setting of the configuration") != std::string::npos; });
  EXPECT_EQ(run(upgraded, "crash").status(), Status::Crashed);
  last_death_becomes("u", "cannot start");
  EXPECT_EQ(run(session, "echo", {}, {}, "and after").text(), "and after");
}

}  // namespace
}  // namespace ringmaster
