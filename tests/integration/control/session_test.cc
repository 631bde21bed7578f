#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <thread>

#include "shm/port/client_port.h"
#include "tests/integration/control/control_fixture.h"

namespace ringmaster::testing {
namespace {

/// A session opened as a client would, over the socket.
struct OpenedSession {
  v1::SessionFds told;
  std::vector<UniqueFd> fds;
  shm::Mapping request;
  shm::Mapping reply;
  std::optional<shm::ClientPort> port;
};

v1::Request open_request(std::uint64_t ring = 1 << 20) {
  v1::Request request;
  request.mutable_open_session()->set_pool("default");
  request.mutable_open_session()->set_request_ring_bytes(ring);
  request.mutable_open_session()->set_slots(64);
  request.mutable_open_session()->set_client("session test");
  return request;
}

v1::Request mapped_request(std::uint32_t serial) {
  v1::Request request;
  request.mutable_session_mapped()->set_serial(serial);
  return request;
}

OpenedSession open_session(TestClient& client, std::uint64_t result_ring = 0) {
  OpenedSession session;
  v1::Request open = open_request();
  open.mutable_open_session()->set_result_ring_bytes(result_ring);
  session.told = client.call(open).session_fds();
  session.fds = std::move(client.fds);
  client.fds.clear();
  EXPECT_EQ(session.fds.size(), 5U);
  session.request = std::move(*shm::Mapping::map(session.fds[0].get(), shm::Access::ReadWrite));
  session.reply = std::move(*shm::Mapping::map(session.fds[1].get(), shm::Access::ReadWrite));
  v1::Request mapped = mapped_request(session.told.serial());
  EXPECT_TRUE(client.call(mapped).has_session_ready());
  session.port.emplace(*shm::RequestView::open(session.request.bytes()), *shm::ReplyView::open(session.reply.bytes()),
                       nullptr);
  return session;
}

v1::Request resume_request(const v1::SessionFds& told) {
  v1::Request request;
  request.mutable_resume_session()->set_serial(told.serial());
  request.mutable_resume_session()->set_cookie_high(told.cookie_high());
  request.mutable_resume_session()->set_cookie_low(told.cookie_low());
  return request;
}

std::optional<shm::SlotWord> run_echo(shm::ClientPort& port, std::byte value) {
  const auto slot = port.take_slot();
  port.request().ring()[0] = value;
  shm::JobDescriptor job{};
  job.handler = wire::handler_id("echo");
  job.request_bytes = 1;
  job.result_capacity = 64;
  (void)port.publish(*slot, job);
  std::optional<shm::SlotWord> ended;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!ended && std::chrono::steady_clock::now() < deadline) {
    const std::uint32_t seen = port.observe();
    port.collect([&](std::uint32_t, shm::SlotWord word) { ended = word; });
    if (!ended) port.sleep(seen, std::chrono::milliseconds{100});
  }
  port.release(*slot);
  return ended;
}

v1::Status status_of(TestClient& client) {
  v1::Request request;
  request.mutable_get_status();
  return client.call(request).status();
}

TEST_F(ControlTest, ASessionCarriesAJobThroughSharedMemory) {
  start();
  TestClient client(path);
  OpenedSession session = open_session(client);
  EXPECT_EQ(session.told.pool().handlers_size(), 2);
  const auto ended = run_echo(*session.port, std::byte{42});
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->state(), shm::SlotState::Done);
  EXPECT_EQ(session.port->reply().ring()[0], std::byte{42});
}

TEST_F(ControlTest, OnceMappedTheRequestSegmentIsSealedAgainstEveryoneElse) {
  start();
  TestClient client(path);
  const OpenedSession session = open_session(client);
  const int seals = ::fcntl(session.fds[0].get(), F_GET_SEALS);
  EXPECT_EQ(seals & (F_SEAL_FUTURE_WRITE | F_SEAL_SEAL), F_SEAL_FUTURE_WRITE | F_SEAL_SEAL);
  EXPECT_FALSE(shm::Mapping::map(session.fds[0].get(), shm::Access::ReadWrite));
  EXPECT_EQ(::fcntl(session.fds[2].get(), F_GETFL) & O_ACCMODE, O_RDONLY) << "the board is for looking";
}

TEST_F(ControlTest, AClientThatSealsByItselfIsRefused) {
  start();
  TestClient client(path);
  v1::Request open = open_request();
  const auto told = client.call(open).session_fds();
  ASSERT_EQ(::fcntl(client.fds.at(0).get(), F_ADD_SEALS, F_SEAL_SEAL), 0);
  v1::Request mapped = mapped_request(told.serial());
  EXPECT_EQ(client.call(mapped).error().code(), v1::ERROR_SESSION_BROKEN);
  EXPECT_TRUE(eventually([&] { return status_of(client).sessions_size() == 0; }));
}

TEST_F(ControlTest, AClientCanAddNoSealThatASuccessorWouldMeet) {
  start();
  std::optional<OpenedSession> session;
  {
    TestClient client(path);
    session = open_session(client);
  }
  for (const std::size_t at : {0U, 1U}) {
    EXPECT_EQ(::fcntl(session->fds.at(at).get(), F_ADD_SEALS, F_SEAL_FUTURE_WRITE), -1) << at;
  }
  start();
  EXPECT_EQ(run_echo(*session->port, std::byte{5})->state(), shm::SlotState::Done);
}

TEST_F(ControlTest, NothingButBytesGoesThroughALifelineAndAnyByteEndsTheSession) {
  start();
  TestClient client(path);
  for (const std::size_t bytes : {1U, 10'000U}) {
    OpenedSession session = open_session(client);
    const int lifeline = session.fds.at(4).get();
    EXPECT_EQ(::fcntl(lifeline, F_GETFL) & O_ACCMODE, O_WRONLY);
    EXPECT_EQ(::fcntl(lifeline, F_GETPIPE_SZ), 4096);
    char rights = 0;
    iovec part{&rights, 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    EXPECT_EQ(::sendmsg(lifeline, &message, MSG_NOSIGNAL), -1);
    EXPECT_EQ(errno, ENOTSOCK);
    const UniqueFd copy(::fcntl(lifeline, F_DUPFD_CLOEXEC, 0));  // of a child that was forked, say
    const std::string text(bytes, 'x');
    EXPECT_GT(::write(lifeline, text.data(), text.size()), 0);
    EXPECT_TRUE(eventually([&] { return status_of(client).sessions_size() == 0; }));
    pollfd look{lifeline, 0, 0};
    EXPECT_TRUE(eventually([&] { return ::poll(&look, 1, 0) == 1 && (look.revents & POLLERR) != 0; }))
        << "the client sees the readers go";
  }
}

// Workers that touch the holes again would have to pay for the pages.
TEST_F(ControlTest, AClientThatGivesPagesBackIsEndedWhenThatIsSeen) {
  start();
  TestClient client(path);
  constexpr off_t kBytes = off_t{4} << 20;
  const OpenedSession honest = open_session(client, kBytes);
  const OpenedSession session = open_session(client, kBytes);
  for (const OpenedSession* each : {&honest, &session}) {
    ASSERT_EQ(::fallocate(each->fds.at(1).get(), 0, 0, kBytes), 0);
  }
  const auto is_known = [&](const OpenedSession& one) {
    v1::Request resume = resume_request(one.told);
    return client.call(resume).has_session_ready();
  };
  // Looked at when somebody opens one.
  const auto look = [&] {
    std::this_thread::sleep_for(std::chrono::milliseconds{110});
    (void)open_session(client);
  };
  look();
  EXPECT_TRUE(is_known(session));
  ASSERT_EQ(
      ::fallocate(session.fds.at(1).get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, kBytes / 4, kBytes * 3 / 4), 0);
  EXPECT_TRUE(eventually([&] {
    look();
    return !is_known(session);
  }));
  EXPECT_TRUE(is_known(honest));
}

TEST_F(ControlTest, TooLargeARingAndUnknownPoolsAreRefused) {
  start();
  TestClient client(path);
  v1::Request large = open_request(std::uint64_t{1} << 40);
  const v1::Error error = client.call(large).error();
  EXPECT_EQ(error.code(), v1::ERROR_TOO_LARGE);
  EXPECT_EQ(error.limit(), std::uint64_t{4} << 20);
  v1::Request unknown = open_request();
  unknown.mutable_open_session()->set_pool("nope");
  EXPECT_EQ(client.call(unknown).error().code(), v1::ERROR_UNKNOWN_POOL);
}

TEST_F(ControlTest, SessionsCountAgainstTheirUsersQuotaUntilTheyAreGone) {
  limits.sessions_per_uid = 2;
  start();
  TestClient client(path);
  const OpenedSession first = open_session(client);
  const OpenedSession second = open_session(client);
  v1::Request open = open_request();
  EXPECT_EQ(client.call(open).error().code(), v1::ERROR_QUOTA);
  v1::Request close;
  close.mutable_close_session()->set_serial(first.told.serial());
  close.mutable_close_session()->set_cookie_high(first.told.cookie_high());
  close.mutable_close_session()->set_cookie_low(first.told.cookie_low());
  EXPECT_TRUE(client.call(close).has_closed());
  EXPECT_TRUE(eventually([&] { return status_of(client).sessions_size() == 1; }));
  const OpenedSession third = open_session(client);
}

TEST_F(ControlTest, ASessionOutlivesItsConnectionAndEndsWithItsLifeline) {
  start();
  std::optional<OpenedSession> session;
  {
    TestClient client(path);
    session = open_session(client);
  }
  TestClient client(path);
  v1::Request resume = resume_request(session->told);
  EXPECT_TRUE(client.call(resume).has_session_ready());
  EXPECT_EQ(run_echo(*session->port, std::byte{1})->state(), shm::SlotState::Done);

  daemon->pool.working = false;
  (void)status_of(client);  // the fake worker shares the loop's thread: it has seen the flag now
  const auto slot = session->port->take_slot();
  shm::JobDescriptor job{};
  job.handler = wire::handler_id("echo");
  (void)session->port->publish(*slot, job);
  session->fds.at(4).reset();  // what the kernel does when the client dies
  EXPECT_TRUE(eventually([&] { return status_of(client).sessions_size() == 0; }));
  EXPECT_EQ(session->port->read(*slot).state(), shm::SlotState::Cancelled);
  EXPECT_EQ(client.call(resume).error().code(), v1::ERROR_UNKNOWN_SESSION);
  EXPECT_TRUE(eventually([&] { return daemon->holding == 0; })) << "descriptors are left with the keeper";
}

TEST_F(ControlTest, AnUnfinishedOpenEndsWithItsConnection) {
  start();
  {
    TestClient client(path);
    v1::Request open = open_request();
    EXPECT_TRUE(client.call(open).has_session_fds());
  }
  TestClient client(path);
  EXPECT_TRUE(eventually([&] { return status_of(client).sessions_size() == 0; }));
}

TEST_F(ControlTest, AWrongCookieResumesAndClosesNothing) {
  start();
  TestClient client(path);
  OpenedSession session = open_session(client);
  v1::SessionFds guess = session.told;
  guess.set_cookie_low(guess.cookie_low() + 1);
  v1::Request resume = resume_request(guess);
  EXPECT_EQ(client.call(resume).error().code(), v1::ERROR_UNKNOWN_SESSION);
  EXPECT_EQ(run_echo(*session.port, std::byte{2})->state(), shm::SlotState::Done);
}

TEST_F(ControlTest, ASuccessorTakesUpSessionsAndTheirJobs) {
  start();
  std::optional<OpenedSession> session;
  {
    TestClient client(path);
    session = open_session(client);
    EXPECT_EQ(run_echo(*session->port, std::byte{3})->state(), shm::SlotState::Done);
  }
  start();
  EXPECT_EQ(run_echo(*session->port, std::byte{4})->state(), shm::SlotState::Done);
  TestClient client(path);
  v1::Request resume = resume_request(session->told);
  EXPECT_TRUE(client.call(resume).has_session_ready());
  EXPECT_EQ(status_of(client).sessions(0).state(), "open");
  EXPECT_EQ(status_of(client).sessions(0).client(), "session test");
  session->fds.at(4).reset();
  EXPECT_TRUE(eventually([&] { return status_of(client).sessions_size() == 0; }));
}

TEST_F(ControlTest, ASessionThatCannotBeTakenUpIsLetGoOfByAll) {
  limits.sessions_per_uid = 1;
  start();
  std::optional<OpenedSession> session;
  {
    TestClient client(path);
    session = open_session(client);
  }
  supervisor.reset();
  daemon->held.erase({static_cast<std::uint16_t>(keeper::DepositKind::Reply), session->told.serial()});
  daemon->pool.slow_to_detach = true;
  start();
  pollfd look{session->fds.at(4).get(), 0, 0};
  EXPECT_TRUE(eventually([&] { return ::poll(&look, 1, 0) == 1 && (look.revents & POLLERR) != 0; }))
      << "the client is told by its lifeline";
  EXPECT_EQ(daemon->holding, 0U) << "with the keeper";
  TestClient client(path);
  EXPECT_EQ(status_of(client).sessions_size(), 0);
  v1::Request open = open_request();
  EXPECT_EQ(client.call(open).error().code(), v1::ERROR_QUOTA) << "its uid pays until the workers have let go";
  daemon->pool.slow_to_detach = false;
  EXPECT_TRUE(eventually([&] { return client.call(open).has_session_fds(); }));
  const shm::LedgerSession& record = daemon->ledger().sessions[session->told.index()];
  EXPECT_EQ(record.state.load(), static_cast<std::uint32_t>(shm::LedgerState::Empty));
}

TEST_F(ControlTest, ScribblingOverEveryByteOfItsSegmentsHurtsOnlyTheClient) {
  start();
  TestClient client(path);
  OpenedSession session = open_session(client);
  daemon->pool.working = false;
  std::memset(session.reply.bytes().data(), 0x2f, session.reply.bytes().size());
  std::memset(session.request.bytes().data(), 0xff, session.request.bytes().size());
  (void)status_of(client);
  session.fds.at(4).reset();
  EXPECT_TRUE(eventually([&] { return status_of(client).sessions_size() == 0; }));
  daemon->pool.working = true;
  v1::Request job = submit_request("echo", "still here", 1);
  EXPECT_EQ(client.call(job).outcome().result(), "still here");
}

}  // namespace
}  // namespace ringmaster::testing
