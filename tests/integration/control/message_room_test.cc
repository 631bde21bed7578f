#include <sys/mman.h>

#include "shm/memfd.h"
#include "tests/integration/control/control_fixture.h"

// Room for jobs that come as messages: rings that are blocked, quotas, and who can write where.
namespace ringmaster::testing {
namespace {

class MessageRoom : public ControlTest {
 protected:
  static v1::Status status_of(TestClient& client) {
    v1::Request request;
    request.mutable_get_status();
    return client.call(request).status();
  }
  static int sessions_of(TestClient& client) { return status_of(client).sessions_size(); }
};

TEST_F(MessageRoom, AJobThatRunsForLongBlocksNobodyWhoComesAfterIt) {
  start();
  daemon->pool.holding = true;
  TestClient slow(path);
  v1::Request held = submit_request("echo", "hold", 1);
  slow.send(held);
  TestClient client(path);
  EXPECT_TRUE(eventually([&] {
    v1::Request fetch = fetch_request(1, false);
    return client.call(fetch).has_accepted();
  }));
  // Three times the ring's size in requests, and in results that are read.
  const std::string payload(std::size_t{1} << 20, 'x');
  for (std::uint64_t i = 2; i <= 200; ++i) {
    v1::Request request = submit_request("echo", payload, i);
    const v1::Reply reply = client.call(request);
    ASSERT_EQ(reply.outcome().kind(), v1::OUTCOME_DONE) << i << ": " << reply.error().message();
  }
  EXPECT_GT(sessions_of(client), 1);
  daemon->pool.holding = false;
  EXPECT_EQ(slow.receive()->outcome().result(), "hold");
}

TEST_F(MessageRoom, BytesOfUnreadJobsAreOnTheirUidsAccount) {
  limits.bytes_per_uid = core::mib(4);
  start();
  TestClient client(path);
  const std::string payload(std::size_t{1} << 20, 'x');
  for (std::uint64_t i = 1; i <= 2; ++i) {
    v1::Request request = submit_request("echo", payload, i, false);
    EXPECT_TRUE(client.call(request).has_accepted());
  }
  v1::Request third = submit_request("echo", payload, 3, false);
  EXPECT_EQ(client.call(third).error().code(), v1::ERROR_QUOTA);
  v1::Request fetch = fetch_request(1);
  EXPECT_TRUE(client.call(fetch).has_outcome());
  EXPECT_TRUE(client.call(third).has_accepted());
}

TEST_F(MessageRoom, ARefusalForAFullQueueIsCounted) {
  limits.socket_jobs_per_uid = 10'000;
  limits.bytes_per_uid = core::gib(8);
  start();
  daemon->pool.working = false;
  TestClient client(path);
  v1::ErrorCode code = v1::ERROR_UNSPECIFIED;
  for (std::uint64_t i = 1; i <= 10'000 && code == v1::ERROR_UNSPECIFIED; ++i) {
    v1::Request request = submit_request("echo", "x", i, false);
    code = client.call(request).error().code();
  }
  EXPECT_EQ(code, v1::ERROR_QUEUE_FULL);
  EXPECT_EQ(shm::tally_of(daemon->ledger().pools[0]).queue_full, 1U);
  daemon->pool.working = true;
}

TEST_F(MessageRoom, SubmitsThatWaitForTheFirstWorkerAreOnTheAccountToo) {
  limits.socket_jobs_per_uid = 2;
  start();
  daemon->pool.handlers_known_ = false;
  TestClient client(path);
  for (std::uint64_t i = 1; i <= 2; ++i) {
    v1::Request request = submit_request("echo", "x", i);
    client.send(request);
  }
  v1::Request unknown = submit_request("nope", "x", 3);
  EXPECT_EQ(client.call(unknown).error().code(), v1::ERROR_QUOTA);
  v1::Request large = submit_request("echo", std::string((1 << 20) + 1, 'x'), 4);
  EXPECT_EQ(client.call(large).error().code(), v1::ERROR_TOO_LARGE);
  daemon->pool.handlers_known_ = true;
  for (int i = 0; i < 2; ++i) EXPECT_EQ(client.receive()->outcome().kind(), v1::OUTCOME_DONE);
  // What was refused is off the account again.
  for (std::uint64_t i = 5; i <= 8; ++i) {
    v1::Request again = submit_request("nope", "x", i);
    EXPECT_EQ(client.call(again).error().code(), v1::ERROR_UNKNOWN_HANDLER);
  }
}

TEST_F(MessageRoom, NobodyButItsSupervisorCanWriteWhatASubmitterAskedFor) {
  start();
  TestClient client(path);
  v1::Request submit = submit_request("echo", "before", 1, false);
  ASSERT_TRUE(client.call(submit).has_accepted());
  // A successor knows of it only when the keeper holds it and the ledger says so.
  ASSERT_TRUE(eventually(
      [&] { return daemon->ledger().sessions[0].state.load() == static_cast<std::uint32_t>(shm::LedgerState::Live); }));
  const UniqueFd segment = daemon->take(keeper::DepositKind::Request, 1);
  ASSERT_TRUE(segment.valid());
  // As a worker would go about it.
  const std::string name = "/proc/self/fd/" + std::to_string(segment.get());
  const UniqueFd again(::open(name.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(again.valid());
  EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, again.get(), 0), MAP_FAILED);
  EXPECT_EQ(::pwrite(again.get(), "x", 1, 4096), -1);
  start();
  TestClient later(path);
  v1::Request fetch = fetch_request(1);
  EXPECT_EQ(later.call(fetch).outcome().result(), "before");
}

}  // namespace
}  // namespace ringmaster::testing
