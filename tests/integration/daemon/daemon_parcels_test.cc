#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "tests/integration/daemon/daemon_fixture.h"

// Requests that are larger than their session's ring.
namespace ringmaster {
namespace {

constexpr std::size_t kLarge = 3'000'000;

class DaemonParcels : public DaemonTest {
 protected:
  /// Pool "t", whose handlers read what they get, and die or wait as they are told.
  void start_reading(const std::string& of_pool = "workers = 1\nspares = 1\n", const std::string& more = {}) {
    start_with("[pool.t]\ncommand = [\"" SPILLING_WORKER "\"]\nrun_timeout = \"60s\"\n" + of_pool + more);
  }
  [[nodiscard]] Session small_session() {
    return open("t", {.slots = 64, .request_ring_bytes = 1 << 16, .result_ring_bytes = 1 << 16});
  }
  [[nodiscard]] Client client() const {
    ConnectOptions options;
    options.socket = socket_;
    return Client::connect(options).value();
  }
  static std::string content(std::size_t bytes, std::size_t first = 0) {
    std::string text(bytes, '\0');
    for (std::size_t at = 0; at < bytes; ++at) text[at] = static_cast<char>((first + at) % 251);
    return text;
  }
  static Submission<PendingJob> submit(Session& session, const std::string& payload, const Arguments& arguments = {},
                                       const SubmitOptions& options = {}) {
    return session.submit("back", std::as_bytes(std::span(payload)), arguments, options);
  }
  static void expect_back(PendingJob job, const std::string& payload, unsigned attempts = 1) {
    const auto outcome = job.wait_for(kPatience);
    ASSERT_TRUE(outcome);
    ASSERT_TRUE(outcome->ok()) << outcome->describe();
    EXPECT_TRUE(outcome->text() == payload);
    EXPECT_EQ(outcome->attempts(), attempts);
  }
  /// A job that has begun, and goes on when go() is called.
  [[nodiscard]] PendingJob waiting_job(Session& session, const std::string& payload,
                                       const SubmitOptions& options = {}) {
    auto job = submit(session, payload, {{"mark", folder_ + "/mark"}, {"wait", folder_ + "/go"}}, options);
    EXPECT_TRUE(job) << job.error().message;
    eventually("the job runs", [&] { return std::filesystem::exists(folder_ + "/mark"); });
    return std::move(*job);
  }
  void go() { std::filesystem::create_directory(folder_ + "/go"); }
  /// The ready worker that a job runs on is there.
  void await_worker(Session& session) { expect_back(submit(session, "x").value(), "x"); }
  /// Files of such requests that the daemon's processes have open or mapped.
  [[nodiscard]] std::size_t files() const {
    std::vector<pid_t> all = workers();
    all.push_back(keeper_);
    all.push_back(supervisor());
    std::size_t found = 0;
    const auto count = [&](const std::string& text) {
      const auto at = text.find("memfd:");
      found += at != std::string::npos && text.find("-parcel", at) != std::string::npos ? 1 : 0;
    };
    for (const pid_t pid : all) {
      const std::filesystem::path process = "/proc/" + std::to_string(pid);
      std::error_code gone;
      for (auto at = std::filesystem::directory_iterator(process / "fd", gone); !gone && at != end(at);
           at.increment(gone)) {
        std::error_code closed;
        count(std::filesystem::read_symlink(at->path(), closed).string());
      }
      std::ifstream maps(process / "maps");
      for (std::string line; std::getline(maps, line);) count(line);
    }
    return found;
  }
  void expect_none_left() {
    eventually("no file is left", [this] { return files() == 0; });
  }
};

TEST_F(DaemonParcels, ReachTheirHandlerInASession) {
  start_reading();
  Session session = small_session();
  std::vector<PendingJob> jobs;
  for (const std::size_t bytes : {65'536U, 65'537U, 200'000U, 3'000'000U}) {
    auto job = submit(session, content(bytes, bytes), {}, {.wait_for_room = kPatience});
    ASSERT_TRUE(job) << job.error().message;
    expect_back(std::move(*job), content(bytes, bytes));
  }
  auto request = session.allocate(kLarge);
  ASSERT_TRUE(request);
  std::memcpy(request->bytes().data(), "hello", 5);
  request->shrink(5);
  auto job = session.submit("back", std::move(*request), {{"mark", folder_ + "/small"}});
  ASSERT_TRUE(job) << job.error().message;
  expect_back(std::move(*job), "hello");
  expect_none_left();
}

TEST_F(DaemonParcels, OneThatWasAllocatedBeforeItsArgumentsFillsTheRing) {
  start_reading();
  Session session = small_session();
  const std::string payload = content(1 << 16);
  auto request = session.allocate(payload.size());
  ASSERT_TRUE(request) << request.error().message;
  std::memcpy(request->bytes().data(), payload.data(), payload.size());
  EXPECT_FALSE(session.submit("no such handler", std::move(*request), {{"mark", folder_ + "/mark"}}));
  EXPECT_EQ(request->bytes().size(), payload.size()) << "kept, as it was not accepted";
  auto job = session.submit("back", std::move(*request), {{"mark", folder_ + "/mark"}});
  ASSERT_TRUE(job) << job.error().message;
  EXPECT_TRUE(request->bytes().empty());
  expect_back(std::move(*job), payload);
  EXPECT_TRUE(session.allocate(payload.size())) << "its room in the ring is free again";
}

TEST_F(DaemonParcels, OneThatIsSmallerThanItsArgumentsIsRefusedWhereBothDoNotFit) {
  start_reading();
  Session session = small_session();
  auto request = session.allocate(30 << 10);
  auto beside = session.allocate(30 << 10);
  ASSERT_TRUE(request && beside);
  std::ranges::fill(beside->bytes(), std::byte{7});
  const auto job = session.submit("back", std::move(*request), {{"mark", std::string(40 << 10, 'x')}});
  ASSERT_FALSE(job);
  EXPECT_EQ(job.error().error, SubmitError::TooLarge) << job.error().message;
  EXPECT_TRUE(std::ranges::all_of(beside->bytes(), [](std::byte one) { return one == std::byte{7}; }));
  const std::string other = content(100);
  expect_back(submit(session, other).value(), other);
}

TEST_F(DaemonParcels, OneThatFillsTheRingMayHaveArguments) {
  start_reading();
  Session session = small_session();
  for (const std::size_t bytes : {65'536U, 65'535U, 60'000U, 57'345U, 57'344U}) {
    auto job = submit(session, content(bytes), {{"mark", folder_ + "/mark"}}, {.wait_for_room = kPatience});
    ASSERT_TRUE(job) << bytes << ": " << job.error().message;
    expect_back(std::move(*job), content(bytes));
  }
  expect_none_left();
}

TEST_F(DaemonParcels, ReachTheirHandlerWithoutASession) {
  start_reading();
  Client asks = client();
  const std::string payload = content(kLarge);
  const auto outcome = asks.run("t", "back", std::as_bytes(std::span(payload)));
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_TRUE(outcome->text() == payload) << outcome->describe();
  expect_none_left();
}

TEST_F(DaemonParcels, BeyondTheQuotaAreRefusedAndOthersTakeTheirPlaceLater) {
  start_reading("workers = 1\nspares = 0\n",
                "[pool.t.session]\nrequest_ring = \"64KiB\"\nresult_ring = \"64KiB\"\nslots = 64\n[limits]\n"
                "bytes_per_uid = \"16MiB\"\n");
  Session session = small_session();
  const auto never = session.allocate(32 << 20, kPatience);
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().error, SubmitError::TooLarge);
  EXPECT_NE(never.error().message.find("bytes_per_uid"), std::string::npos) << never.error().message;
  auto first = session.allocate(10 << 20);
  ASSERT_TRUE(first) << first.error().message;
  const auto later = session.allocate(10 << 20);
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().error, SubmitError::QueueFull) << later.error().message;
  *first = Request();
  EXPECT_TRUE(session.allocate(10 << 20)) << "at once";
  expect_none_left();
}

TEST_F(DaemonParcels, ASuccessorHasThoseThatArePublishedAndThoseThatAreNot) {
  start_reading();
  Session session = small_session();
  await_worker(session);
  const std::string payload = content(kLarge);
  auto request = session.allocate(kLarge);
  ASSERT_TRUE(request);
  std::memcpy(request->bytes().data(), payload.data(), payload.size());
  replace_supervisor();
  auto job = session.submit("back", std::move(*request));
  ASSERT_TRUE(job) << job.error().message;
  expect_back(std::move(*job), payload);
  PendingJob runs = waiting_job(session, content(kLarge, 7));
  replace_supervisor();
  go();
  expect_back(std::move(runs), content(kLarge, 7));
  expect_none_left();
}

TEST_F(DaemonParcels, ASuccessorAnswersWhatItsPredecessorWasAsked) {
  start_reading();
  Session session = small_session();
  await_worker(session);
  const std::string payload = content(kLarge);
  auto request = session.allocate(kLarge);
  ASSERT_TRUE(request);
  std::memcpy(request->bytes().data(), payload.data(), payload.size());
  ::kill(supervisor(), SIGSTOP);
  auto job = session.submit("back", std::move(*request));
  ASSERT_TRUE(job) << job.error().message;
  replace_supervisor();
  expect_back(std::move(*job), payload);
  expect_none_left();
}

TEST_F(DaemonParcels, AnotherAttemptReadsThemAgain) {
  start_reading("workers = 1\nspares = 0\n");
  Session session = small_session();
  const std::string payload = content(kLarge);
  PendingJob job = waiting_job(session, payload, {.idempotent = true});
  for (const pid_t worker : workers()) ::kill(worker, SIGKILL);
  go();
  expect_back(std::move(job), payload, 2);
  auto dies = submit(session, payload, {{"die", "true"}});
  ASSERT_TRUE(dies);
  EXPECT_EQ(dies->wait_for(kPatience)->status(), Status::Crashed);
  expect_none_left();
}

TEST_F(DaemonParcels, OfClientsThatDieAreNotLeft) {
  start_reading();
  {
    Session session = small_session();
    await_worker(session);
  }
  const pid_t child = ::fork();
  if (child == 0) {
    Session session = small_session();
    auto kept = session.allocate(kLarge);
    auto queued = submit(session, content(kLarge), {{"mark", folder_ + "/mark"}, {"wait", folder_ + "/go"}});
    if (!kept || !queued) ::_exit(1);
    while (!std::filesystem::exists(folder_ + "/mark")) ::usleep(1000);
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_NE(files(), 0U) << "a worker still reads one";
  go();
  expect_none_left();
}

TEST_F(DaemonParcels, AWorkerThatComesLaterHasThemToo) {
  start_reading("workers = { min = 1, max = 2 }\nspares = 0\n");
  Session session = small_session();
  await_worker(session);
  const std::string payload = content(kLarge);
  auto request = session.allocate(kLarge);
  ASSERT_TRUE(request);
  std::memcpy(request->bytes().data(), payload.data(), payload.size());
  PendingJob first = waiting_job(session, content(kLarge, 3));
  auto second = session.submit("back", std::move(*request));
  ASSERT_TRUE(second) << second.error().message;
  expect_back(std::move(*second), payload);  // by a second worker: the first waits
  go();
  expect_back(std::move(first), content(kLarge, 3));
  expect_none_left();
}

TEST_F(DaemonParcels, PoolsThatClientsCreateTakeThem) {
  start_with("[limits]\npools_per_uid = 1\n[pool.t]\ncommand = [\"" SPILLING_WORKER "\"]\nworkers = 1\n");
  Client makes = client();
  const auto pool =
      makes.create_pool("own", {.config = "command = [\"" SPILLING_WORKER "\"]\nworkers = 1\nrun_timeout = \"60s\"\n"});
  ASSERT_TRUE(pool) << pool.error().message;
  Session session = open(pool->name(), {.slots = 64, .request_ring_bytes = 1 << 16, .result_ring_bytes = 1 << 16});
  auto job = submit(session, content(kLarge));
  ASSERT_TRUE(job) << job.error().message;
  expect_back(std::move(*job), content(kLarge));
  expect_none_left();
}

}  // namespace
}  // namespace ringmaster
