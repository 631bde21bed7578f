#include <signal.h>

#include "tests/integration/client_abi/client_abi_fixture.h"

// Results that outgrew their room, in event loops: rm_session_poll() and rm_session_fetch().
namespace ringmaster {
namespace {

class AwayAbi : public ClientAbi {
 protected:
  static constexpr std::size_t kBytes = 100'000;
  static constexpr std::size_t kRequestBytes = 1 << 16;

  void SetUp() override {
    ClientAbi::SetUp();
    start_with("[pool.t]\ncommand = [\"" SPILLING_WORKER "\"]\nworkers = 1\nspares = 1\nrun_timeout = \"60s\"\n");
    rm_session_options options{};
    options.struct_size = sizeof options;
    options.slots = 64;
    options.request_bytes = kRequestBytes;
    options.result_bytes = 1 << 16;
    session_ = session(&options);
  }
  void submit_large(std::uint64_t cookie) {
    const std::string bytes = std::to_string(kBytes);
    const rm_submit_argument argument{"bytes", bytes.data(), bytes.size()};
    rm_submit job = job_of("grow", cookie);
    job.arguments = &argument;
    job.argument_count = 1;
    submit(session_.get(), job);
  }
  /// Asks again until there is something.
  int poll(rm_outcome& outcome) {
    int told = RM_NONE;
    eventually("a job has ended", [&] { return (told = rm_session_poll(session_.get(), &outcome)) != RM_NONE; });
    return told;
  }
  static void expect_away(const rm_outcome& outcome) {
    EXPECT_EQ(outcome.status, std::uint32_t{RM_STATUS_DONE});
    EXPECT_EQ(outcome.result, nullptr);
    EXPECT_EQ(outcome.result_bytes, kBytes);
  }

  Opened session_;
};

TEST_F(AwayAbi, AResultIsLeftWithTheDaemonUntilItIsFetched) {
  submit_large(7);
  Taken one;
  ASSERT_EQ(poll(one.outcome), RM_AWAY);
  EXPECT_EQ(one.outcome.cookie, 7U);
  expect_away(one.outcome);
  for (int times = 0; times < 2; ++times) {  // the second does nothing
    rm_session_fetch(session_.get(), &one.outcome);
    EXPECT_EQ(one.outcome.status, std::uint32_t{RM_STATUS_DONE});
    ASSERT_EQ(one.outcome.result_bytes, kBytes);
    EXPECT_EQ(static_cast<unsigned char>(one.text()[500]), 500 % 251);
  }
}

TEST_F(AwayAbi, PollingWaitsForNoDaemon) {
  submit_large(8);
  // Not before: the memory comes from the supervisor.
  eventually("it has ended", [this] { return rm_session_spin(session_.get(), 1'000) == 1; });
  const pid_t stopped = supervisor();
  ASSERT_EQ(::kill(stopped, SIGSTOP), 0);
  Taken one;
  EXPECT_EQ(rm_session_poll(session_.get(), &one.outcome), RM_AWAY);
  expect_away(one.outcome);
  EXPECT_EQ(supervisor(), stopped) << "it has been replaced by one that answers";
  ASSERT_EQ(::kill(stopped, SIGCONT), 0);
  rm_session_fetch(session_.get(), &one.outcome);
  EXPECT_EQ(one.text().size(), kBytes);
}

TEST_F(AwayAbi, ResultsThatNobodyFetchesKeepNoSlot) {
  for (std::uint64_t cookie = 0; cookie < 200; ++cookie) {  // of 64 slots
    submit_large(cookie);
    Taken dropped;
    ASSERT_EQ(poll(dropped.outcome), RM_AWAY) << cookie;
  }
}

TEST_F(AwayAbi, AfterTheSessionsEndItIsLost) {
  submit_large(9);
  Taken one;
  ASSERT_EQ(poll(one.outcome), RM_AWAY);
  Taken other;
  submit_large(10);
  ASSERT_EQ(poll(other.outcome), RM_AWAY);
  rm_session_close(session_.get());
  rm_session_fetch(session_.get(), &one.outcome);
  EXPECT_EQ(one.outcome.status, std::uint32_t{RM_STATUS_LOST});
  EXPECT_EQ(one.outcome.result_bytes, 0U);
  EXPECT_NE(std::string(one.outcome.message).find("the session is closed"), std::string::npos) << one.outcome.message;
  session_.reset();  // `other` is freed after it
}

TEST_F(AwayAbi, WhatHasItsResultIsToldAsByNext) {
  submit(session_.get(), job_of("grow", 11));
  Taken one;
  ASSERT_EQ(poll(one.outcome), RM_ENDED);
  EXPECT_EQ(one.outcome.cookie, 11U);
  rm_session_close(session_.get());
  Taken none;
  EXPECT_EQ(rm_session_poll(session_.get(), &none.outcome), RM_OVER);
}

TEST_F(AwayAbi, ALargeRequestIsAskedForAndSaysSo) {
  const auto allocated = [&](std::size_t bytes) {
    rm_request* request = nullptr;
    void* memory = nullptr;
    const int answer = rm_request_new(session_.get(), bytes, 0, &request, &memory, nullptr, 0);
    rm_request_free(request);
    return answer;
  };
  EXPECT_EQ(rm_request_asks_daemon(session_.get(), 0), 0);
  EXPECT_EQ(rm_request_asks_daemon(session_.get(), kRequestBytes), 0);
  EXPECT_EQ(rm_request_asks_daemon(session_.get(), kRequestBytes + 1), 1);
  EXPECT_EQ(allocated(kRequestBytes + 1), RM_ACCEPTED);
  const pid_t stopped = supervisor();
  ASSERT_EQ(::kill(stopped, SIGSTOP), 0);
  EXPECT_EQ(allocated(kRequestBytes), RM_ACCEPTED);
  EXPECT_EQ(supervisor(), stopped) << "it has been replaced by one that answers";
  ASSERT_EQ(::kill(stopped, SIGCONT), 0);
}

}  // namespace
}  // namespace ringmaster
