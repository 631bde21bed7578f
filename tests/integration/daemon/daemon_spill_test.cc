#include <signal.h>

#include <filesystem>
#include <thread>

#include "client/cli/protobuf_link.h"
#include "proto/control.pb.h"
#include "tests/integration/daemon/daemon_fixture.h"

// Results that outgrow the room that their submitter offered.
namespace ringmaster {
namespace {

class DaemonSpill : public DaemonTest {
 protected:
  void start_spilling(const std::string& more = {}) {
    start_with("[pool.t]\ncommand = [\"" SPILLING_WORKER "\"]\nworkers = 1\nspares = 1\nrun_timeout = \"60s\"\n" +
               more);
  }
  [[nodiscard]] Session small_session() {
    return open("t", {.slots = 64, .request_ring_bytes = 1 << 16, .result_ring_bytes = 1 << 16});
  }
  [[nodiscard]] Client client() const {
    ConnectOptions options;
    options.socket = socket_;
    return Client::connect(options).value();
  }
  static Arguments grow(std::size_t bytes, std::size_t piece = 0) {
    return {{"bytes", std::to_string(bytes)}, {"piece", std::to_string(piece)}};
  }
  static void expect_whole(const Outcome& outcome, std::size_t bytes) {
    ASSERT_TRUE(outcome.ok()) << outcome.describe();
    ASSERT_EQ(outcome.result().size(), bytes);
    std::size_t at = 0;
    while (at < bytes && outcome.result()[at] == static_cast<std::byte>(at % 251)) ++at;
    EXPECT_EQ(at, bytes);
    EXPECT_EQ(outcome.attempts(), 1U);
  }
  /// Files of such results that the daemon's processes have open.
  [[nodiscard]] std::size_t files() const {
    std::size_t found = 0;
    std::vector<pid_t> all = workers();
    all.push_back(keeper_);
    all.push_back(supervisor());
    for (const pid_t pid : all) {
      std::error_code gone;
      const std::filesystem::path folder = "/proc/" + std::to_string(pid) + "/fd";
      for (auto at = std::filesystem::directory_iterator(folder, gone); !gone && at != end(at); at.increment(gone)) {
        std::error_code closed;
        const std::string name = std::filesystem::read_symlink(at->path(), closed).string();
        if (name.find("-result") != std::string::npos) ++found;
      }
    }
    return found;
  }
  /// Counters of pool "t": jobs that are done, and that failed.
  [[nodiscard]] std::pair<std::uint64_t, std::uint64_t> ended() const {
    control::v1::Request request;
    request.mutable_get_status();
    client::ControlLink link(socket_, "test", kPatience);
    const auto answer = client::ask_for(link, request, control::v1::Reply::kStatus);
    const auto& counters = answer.value().reply.status().pools(0).counters();
    return {counters.done(), counters.failed()};
  }
};

TEST_F(DaemonSpill, ReachTheirCallerInASessionAndRunOnce) {
  start_spilling();
  Session session = small_session();
  std::vector<Outcome> kept;
  for (const std::size_t bytes : {4096U, 4097U, 65'537U, 5'000'000U}) {
    for (const std::size_t piece : {0U, 3000U}) {
      kept.push_back(run(session, "grow", grow(bytes, piece), {.idempotent = true}));
      expect_whole(kept.back(), bytes);
    }
  }
  EXPECT_EQ(ended(), (std::pair<std::uint64_t, std::uint64_t>{8, 0}));
  session.close();
  for (std::size_t at = 2; at < kept.size(); ++at)
    EXPECT_FALSE(kept[at].result().empty()) << "kept outcomes outlive the session";
  EXPECT_GT(files(), 0U) << "their uid is charged for them";
  kept.clear();
  eventually("no file is left", [this] { return files() == 0; });
}

TEST_F(DaemonSpill, ReachTheirCallerOverTheSocket) {
  start_spilling();
  Client asks = client();
  const SubmitOptions options{.result_capacity = 1000};
  for (const std::size_t bytes : {1000U, 1001U, 3'000'000U}) {
    const auto outcome = asks.run("t", "grow", {}, grow(bytes, 700), options);
    ASSERT_TRUE(outcome) << outcome.error().message;
    expect_whole(*outcome, bytes);
  }
  EXPECT_EQ(ended(), (std::pair<std::uint64_t, std::uint64_t>{3, 0}));
  eventually("no file is left", [this] { return files() == 0; });
}

TEST_F(DaemonSpill, BeyondTheQuotaAreTooLargeAndRunOnce) {
  start_spilling(
      "[pool.t.session]\nrequest_ring = \"64KiB\"\nresult_ring = \"64KiB\"\nslots = 64\n[limits]\nbytes_per_uid = "
      "\"16MiB\"\n");
  Session session = small_session();
  const Outcome outcome = run(session, "grow", grow(64 << 20), {.idempotent = true});
  EXPECT_EQ(outcome.status(), Status::Refused);
  EXPECT_EQ(outcome.cause(), Cause::TooLarge);
  EXPECT_EQ(outcome.facts().needed_bytes, std::uint64_t{64} << 20);
  EXPECT_FALSE(outcome.facts().wants_room());
  EXPECT_NE(outcome.message().find("bytes_per_uid"), std::string::npos) << outcome.message();
  EXPECT_EQ(ended(), (std::pair<std::uint64_t, std::uint64_t>{0, 1}));
  expect_whole(run(session, "grow", grow(8 << 20)), 8 << 20);
  eventually("no file is left", [this] { return files() == 0; });
}

TEST_F(DaemonSpill, ASuccessorAnswersWhatItsPredecessorWasAsked) {
  start_spilling();
  Session session = small_session();
  expect_whole(run(session, "grow", grow(1)), 1);  // the worker is there
  const std::string mark = folder_ + "/mark";
  Arguments arguments = grow(5'000'000, 100'000);
  arguments.push_back({"mark", mark});
  ::kill(supervisor(), SIGSTOP);
  auto job = session.submit("grow", std::span<const std::byte>(), arguments);
  ASSERT_TRUE(job);
  eventually("the job runs", [&] { return std::filesystem::exists(mark); });
  replace_supervisor();
  auto outcome = job->wait_for(kPatience);
  ASSERT_TRUE(outcome);
  expect_whole(*outcome, 5'000'000);
  outcome.reset();
  eventually("no file is left", [this] { return files() == 0; });
}

TEST_F(DaemonSpill, ASuccessorHasWhatWasNotTaken) {
  start_spilling();
  Session session = small_session();
  auto job = session.submit("grow", std::span<const std::byte>(), grow(5'000'000));
  ASSERT_TRUE(job);
  eventually("it has ended", [&] { return job->ended(); });
  replace_supervisor();
  replace_supervisor();
  const auto outcome = job->wait_for(kPatience);
  ASSERT_TRUE(outcome);
  expect_whole(*outcome, 5'000'000);
}

TEST_F(DaemonSpill, OfWorkersAndClientsThatDieAreNotLeft) {
  start_spilling();
  Session session = small_session();
  Arguments dies = grow(5'000'000);
  dies.push_back({"die", "true"});
  EXPECT_EQ(run(session, "grow", dies).status(), Status::Crashed);
  eventually("no file is left of the worker's", [this] { return files() == 0; });
  auto job = session.submit("grow", std::span<const std::byte>(), grow(5'000'000));
  ASSERT_TRUE(job);
  eventually("it has ended", [&] { return job->ended(); });
  EXPECT_GT(files(), 0U);
  session.close();
  eventually("no file is left of the session's", [this] { return files() == 0; });
}

}  // namespace
}  // namespace ringmaster
