#include <poll.h>
#include <unistd.h>

#include <cstring>

#include "tests/integration/client_abi/client_abi_fixture.h"

// The C interface as libringmaster exports it, with a real daemon.
namespace ringmaster {
namespace {

TEST_F(ClientAbi, EachOfManyJobsEndsOnceInAnEventLoopWhateverTheSupervisorDoes) {
  start();
  constexpr std::uint64_t kJobs = 10'000;
  const Opened session = this->session();
  char error[512] = "";
  const int fd = rm_session_event_fd(session.get(), error, sizeof error);
  ASSERT_GE(fd, 0) << error;
  std::vector<int> told(kJobs);
  Taken kept;  // for the whole test
  std::uint64_t submitted = 0;
  std::uint64_t ended = 0;
  int killed = 0;
  while (ended < kJobs) {
    for (; submitted < kJobs; ++submitted) {
      const std::string text = std::to_string(submitted);
      const rm_submit job = job_of("echo", submitted, text);
      const int code = rm_session_submit(session.get(), &job, nullptr, error, sizeof error);
      if (code == RM_FULL) break;
      ASSERT_EQ(code, RM_ACCEPTED) << error;
    }
    if (ended >= 2'000 * static_cast<std::uint64_t>(killed + 1) && killed < 3) {
      ++killed;
      replace_supervisor();  // while jobs are in flight
    }
    pollfd polled{fd, POLLIN, 0};
    ASSERT_EQ(::poll(&polled, 1, 60'000), 1) << ended << " of " << submitted;
    std::uint64_t times = 0;
    ASSERT_EQ(::read(fd, &times, sizeof times), static_cast<ssize_t>(sizeof times));
    for (;;) {
      Taken one;
      if (rm_session_next(session.get(), 0, &one.outcome) != RM_ENDED) break;
      ++ended;
      ASSERT_EQ(one.outcome.status, std::uint32_t{RM_STATUS_DONE}) << one.outcome.message;
      ASSERT_LT(one.outcome.cookie, kJobs);
      ASSERT_EQ(one.text(), std::to_string(one.outcome.cookie));
      ++told[one.outcome.cookie];
      if (ended == 1) std::swap(kept.outcome, one.outcome);
    }
  }
  EXPECT_EQ(std::count(told.begin(), told.end(), 1), static_cast<std::ptrdiff_t>(kJobs));
  EXPECT_EQ(kept.text(), std::to_string(kept.outcome.cookie));
  Taken none;
  EXPECT_EQ(rm_session_next(session.get(), 0, &none.outcome), RM_NONE);
}

TEST_F(ClientAbi, ARequestIsFilledInPlaceAndAResultOutlivesItsSession) {
  start();
  Opened session = this->session();
  rm_request* request = nullptr;
  void* memory = nullptr;
  ASSERT_EQ(rm_request_new(session.get(), 100, 0, &request, &memory, nullptr, 0), RM_ACCEPTED);
  std::memcpy(memory, "in place", 8);
  rm_request_shrink(request, 8);
  rm_request_shrink(request, 50);
  rm_submit job = job_of("echo", 3);
  job.request = request;
  std::uint64_t id = 0;
  ASSERT_EQ(rm_session_submit(session.get(), &job, &id, nullptr, 0), RM_ACCEPTED);
  Taken ended;
  ASSERT_EQ(rm_session_next(session.get(), kLong, &ended.outcome), RM_ENDED);
  EXPECT_EQ(ended.outcome.cookie, 3U);
  EXPECT_EQ(ended.outcome.job_id, id);
  EXPECT_EQ(ended.outcome.attempts, 1U);
  EXPECT_GT(ended.outcome.run_ns, 0U);
  ASSERT_EQ(rm_request_new(session.get(), 100, 0, &request, &memory, nullptr, 0), RM_ACCEPTED);
  session.reset();
  EXPECT_EQ(ended.text(), "in place");
  rm_request_free(request);
  rm_outcome_free(&ended.outcome);
  rm_outcome_free(&ended.outcome);
  EXPECT_EQ(ended.outcome.result, nullptr);
}

TEST_F(ClientAbi, SaysWhyItTakesNothing) {
  start();
  char error[512] = "";
  EXPECT_EQ(rm_session_open((socket_ + "-").c_str(), "t", nullptr, error, sizeof error), nullptr);
  EXPECT_NE(std::string(error).find(socket_), std::string::npos) << error;
  EXPECT_EQ(rm_session_open(socket_.c_str(), "nothing", nullptr, error, sizeof error), nullptr);
  EXPECT_NE(std::string(error).find("nothing"), std::string::npos) << error;
  rm_session_options small{};
  small.struct_size = sizeof small;
  small.slots = 64;
  small.request_bytes = 4096;
  small.result_bytes = 4096;
  const Opened session = this->session(&small);
  rm_submit job = job_of("no-such", 1);
  EXPECT_EQ(rm_session_submit(session.get(), &job, nullptr, error, sizeof error), RM_UNKNOWN_HANDLER);
  job = job_of("sleep", 1);
  const rm_submit_argument bad{"ms", "many", 4};
  job.arguments = &bad;
  job.argument_count = 1;
  EXPECT_EQ(rm_session_submit(session.get(), &job, nullptr, error, sizeof error), RM_BAD_ARGUMENTS);
  EXPECT_NE(std::string(error).find("ms"), std::string::npos) << error;
  rm_request* request = nullptr;
  void* memory = nullptr;
  EXPECT_EQ(rm_request_new(session.get(), std::uint64_t{1} << 45, 0, &request, &memory, error, sizeof error),
            RM_NEVER_FITS)
      << error;
  ASSERT_EQ(rm_request_new(session.get(), 5000, 0, &request, &memory, error, sizeof error), RM_ACCEPTED) << error;
  rm_request_free(request);
  ASSERT_EQ(rm_request_new(session.get(), 4096, 0, &request, &memory, error, sizeof error), RM_ACCEPTED);
  rm_request* more = nullptr;
  EXPECT_EQ(rm_request_new(session.get(), 64, 0, &more, &memory, error, sizeof error), RM_FULL);
  rm_request_free(request);
}

TEST_F(ClientAbi, LooksAtTheSizeOfEachStruct) {
  start();
  rm_session_options options{};
  for (const std::uint32_t size : {0U, 4U, 1'000'000U}) {
    options.struct_size = size;
    char error[512] = "";
    EXPECT_EQ(rm_session_open(socket_.c_str(), "t", &options, error, sizeof error), nullptr) << size;
    EXPECT_NE(std::string(error).find("struct_size"), std::string::npos) << error;
  }
  const Opened session = this->session();
  struct {
    rm_submit job;
    std::uint64_t later;
  } newer{job_of("echo", 7, "x"), 0};
  newer.job.struct_size = sizeof newer;
  EXPECT_EQ(rm_session_submit(session.get(), &newer.job, nullptr, nullptr, 0), RM_ACCEPTED);
  newer.later = 1;
  EXPECT_EQ(rm_session_submit(session.get(), &newer.job, nullptr, nullptr, 0), RM_BAD_OPTION);
  newer.job.struct_size = 8;
  EXPECT_EQ(rm_session_submit(session.get(), &newer.job, nullptr, nullptr, 0), RM_BAD_OPTION);
  rm_submit flagged = job_of("echo", 8);
  flagged.flags = 1U << 31;
  EXPECT_EQ(rm_session_submit(session.get(), &flagged, nullptr, nullptr, 0), RM_BAD_OPTION);
  Taken ended;
  ended.outcome.struct_size = 16;
  EXPECT_EQ(rm_session_next(session.get(), kLong, &ended.outcome), RM_NOT_TOLD);
  ended.outcome.struct_size = sizeof ended.outcome;
  EXPECT_EQ(rm_session_next(session.get(), kLong, &ended.outcome), RM_ENDED) << "it was not taken";
  EXPECT_EQ(ended.outcome.cookie, 7U);
}

TEST_F(ClientAbi, ClosedWithJobsInFlightItTellsOfEachOnce) {
  start();
  const Opened session = this->session();
  constexpr std::uint64_t kJobs = 20;
  for (std::uint64_t cookie = 0; cookie < kJobs; ++cookie) submit(session.get(), job_of("hang-asleep", cookie));
  rm_session_close(session.get());
  std::vector<int> told(kJobs);
  for (;;) {
    Taken one;
    const int code = rm_session_next(session.get(), RM_FOREVER, &one.outcome);
    if (code == RM_OVER) break;
    ASSERT_EQ(code, RM_ENDED);
    EXPECT_EQ(one.outcome.status, std::uint32_t{RM_STATUS_CANCELLED});
    ASSERT_LT(one.outcome.cookie, kJobs);
    ++told[one.outcome.cookie];
  }
  EXPECT_EQ(told, std::vector<int>(kJobs, 1));
  const rm_submit job = job_of("echo", 1);
  EXPECT_EQ(rm_session_submit(session.get(), &job, nullptr, nullptr, 0), RM_CLOSED);
  EXPECT_EQ(rm_session_event_fd(session.get(), nullptr, 0), -1);
}

TEST_F(ClientAbi, RefusesWhatCannotBe) {
  start();
  const Opened session = this->session();
  rm_submit job = job_of("echo", 1);
  job.byte_count = 5;
  EXPECT_EQ(rm_session_submit(session.get(), &job, nullptr, nullptr, 0), RM_BAD_OPTION) << "bytes without a pointer";
  job = job_of("echo", 1);
  job.argument_count = 1;
  EXPECT_EQ(rm_session_submit(session.get(), &job, nullptr, nullptr, 0), RM_BAD_OPTION);
  rm_outcome outcome{};
  outcome.struct_size = 1U << 30;
  EXPECT_EQ(rm_session_next(session.get(), 0, &outcome), RM_NOT_TOLD);
  EXPECT_EQ(rm_session_spin(session.get(), RM_FOREVER), 0);
}

TEST_F(ClientAbi, CancelsByForceWhatDoesNotListen) {
  start();
  const Opened session = this->session();
  submit(session.get(), job_of("hang", 7));
  eventually("the job runs", [this] { return one_runs(); });
  EXPECT_EQ(rm_session_cancel(session.get(), 7, RM_CANCEL_FORCE, 20), 1);
  Taken one;
  ASSERT_EQ(rm_session_next(session.get(), kLong, &one.outcome), RM_ENDED);
  EXPECT_EQ(one.outcome.status, std::uint32_t{RM_STATUS_CANCELLED});
  EXPECT_STREQ(one.outcome.cause_name, "cancelled by force");
  EXPECT_EQ(rm_session_cancel(session.get(), 7, RM_CANCEL_FORCE, 20), 0) << "it has ended";
}

TEST_F(ClientAbi, CancelsByCookie) {
  start();
  const Opened session = this->session();
  const rm_submit_argument ms{"ms", "100000", 6};
  for (std::uint64_t cookie = 0; cookie < 10; ++cookie) {
    rm_submit job = job_of("sleep", cookie);
    job.arguments = &ms;
    job.argument_count = 1;
    submit(session.get(), job);
  }
  for (std::uint64_t cookie = 10; cookie > 0; --cookie)
    EXPECT_EQ(rm_session_cancel(session.get(), cookie - 1, 0, 0), 1) << cookie;
  EXPECT_EQ(rm_session_cancel(session.get(), 99, 0, 0), 0);
  EXPECT_EQ(rm_session_cancel(session.get(), 0, 1U << 31, 0), 0) << "a flag that is not known";
  for (int ended = 0; ended < 10; ++ended) {
    Taken one;
    ASSERT_EQ(rm_session_next(session.get(), kLong, &one.outcome), RM_ENDED);
    EXPECT_EQ(one.outcome.status, std::uint32_t{RM_STATUS_CANCELLED}) << one.outcome.message;
  }
}

TEST_F(ClientAbi, TellsWhereAJobCrashed) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer's handler ends the worker by an exit";
#endif
  start();
  const Opened session = this->session();
  submit(session.get(), job_of("segv", 1));
  Taken ended;
  ASSERT_EQ(rm_session_next(session.get(), kLong, &ended.outcome), RM_ENDED);
  EXPECT_EQ(ended.outcome.status, std::uint32_t{RM_STATUS_CRASHED});
  EXPECT_EQ(ended.outcome.detail, 11U);
  EXPECT_STREQ(ended.outcome.handler, "segv");
  EXPECT_STRNE(ended.outcome.cause_name, "");
  EXPECT_STREQ(ended.outcome.worker, "");
  eventually("the stack is known", [&] {
    rm_session_explain(session.get(), &ended.outcome, kLong);
    return std::strstr(ended.outcome.stack, "write_to_nowhere") != nullptr;
  });
  EXPECT_EQ(std::strncmp(ended.outcome.worker, "t[", 2), 0) << ended.outcome.worker;
  char text[16];
  EXPECT_GT(rm_outcome_describe(&ended.outcome, text, sizeof text), sizeof text);
  EXPECT_STREQ(text, "crashed by sign");
}

TEST_F(ClientAbi, ListsTheHandlersOfThePool) {
  start();
  const Opened session = this->session();
  const rm_handler_info* sleep = nullptr;
  for (std::uint64_t at = 0; const rm_handler_info* one = rm_session_handler(session.get(), at); ++at) {
    EXPECT_EQ(one->struct_size, sizeof *one);
    if (std::strcmp(one->name, "sleep") == 0) sleep = one;
  }
  ASSERT_NE(sleep, nullptr);
  EXPECT_EQ(sleep->flags & RM_HANDLER_LISTENS_TO_CANCEL, std::uint32_t{RM_HANDLER_LISTENS_TO_CANCEL});
  ASSERT_GE(sleep->argument_count, 1U);
  EXPECT_STREQ(sleep->arguments[0]->name, "ms");
  EXPECT_EQ(sleep->arguments[0]->type, std::uint32_t{RM_ARGUMENT_INTEGER});
  EXPECT_STREQ(sleep->arguments[0]->default_value, "100");
}

TEST_F(ClientAbi, RefusesInAForkedChild) {
  start();
  Opened session = this->session();
  submit(session.get(), job_of("echo", 5, "parent's"));
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);  // instead of hanging for ever
    const rm_submit job = job_of("echo", 6, "child's");
    rm_request* request = nullptr;
    void* memory = nullptr;
    Taken none;
    const bool refused = rm_session_submit(session.get(), &job, nullptr, nullptr, 0) == RM_FORKED &&
                         rm_request_new(session.get(), 8, 0, &request, &memory, nullptr, 0) == RM_FORKED &&
                         rm_session_next(session.get(), RM_FOREVER, &none.outcome) == RM_OVER &&
                         rm_session_cancel(session.get(), 5, 0, 0) == 0 && rm_session_spin(session.get(), 1000) == 0 &&
                         rm_session_event_fd(session.get(), nullptr, 0) == -1;
    session.reset();
    ::_exit(refused ? 0 : 1);
  }
  EXPECT_EQ(code_of(child), 0);
  Taken ended;
  ASSERT_EQ(rm_session_next(session.get(), kLong, &ended.outcome), RM_ENDED);
  EXPECT_EQ(ended.text(), "parent's") << "untouched";
}

TEST_F(ClientAbi, AProgramOfTheFirstVersionKnowsNeitherLabelsNorMessages) {
  start();
  const Opened session = this->session();
  rm_submit job = job_of("echo", 9, "old");
  job.struct_size = offsetof(rm_submit, label);
  job.label = reinterpret_cast<const char*>(1);  // what lies behind its struct is not read
  job.message_bytes = UINT64_MAX;
  submit(session.get(), job);
  Taken ended;
  ended.outcome.struct_size = offsetof(rm_outcome, dropped_messages);
  ended.outcome.dropped_messages = 77;
  ASSERT_EQ(rm_session_next(session.get(), kLong, &ended.outcome), RM_ENDED);
  EXPECT_EQ(ended.text(), "old");
  EXPECT_EQ(ended.outcome.dropped_messages, 77U) << "nor is it written";
  job.struct_size = offsetof(rm_submit, label) - 1;
  EXPECT_EQ(rm_session_submit(session.get(), &job, nullptr, nullptr, 0), RM_BAD_OPTION);
}

TEST_F(ClientAbi, MessagesComeBeforeTheOutcomeThatCountsTheRest) {
  start_with("[pool.t]\ncommand = [\"" TALKING_WORKER "\"]\nworkers = 1\nspares = 0\n");
  const Opened session = this->session();
  rm_submit job = job_of("talk", 4);
  const rm_submit_argument count{"messages", "9", 1};
  job.arguments = &count;
  job.argument_count = 1;
  job.message_bytes = 128;
  job.label = "talkative";
  submit(session.get(), job);
  for (int at = 1; at <= 8; ++at) {
    Taken message;
    ASSERT_EQ(rm_session_next(session.get(), kLong, &message.outcome), RM_MESSAGE);
    EXPECT_EQ(message.text(), std::to_string(at));
    EXPECT_EQ(message.outcome.cookie, 4U);
    EXPECT_NE(message.outcome.job_id, 0U);
    EXPECT_EQ(message.outcome.attempts, 1U);
    EXPECT_EQ(message.outcome.detail, std::uint32_t{RM_MESSAGE_DATA});
    EXPECT_STREQ(message.outcome.cause_name, "");
  }
  Taken ended;
  ASSERT_EQ(rm_session_next(session.get(), kLong, &ended.outcome), RM_ENDED);
  EXPECT_EQ(ended.text(), "8");
  EXPECT_EQ(ended.outcome.dropped_messages, 3U);
  job.message_bytes = UINT64_MAX;
  EXPECT_EQ(rm_session_submit(session.get(), &job, nullptr, nullptr, 0), RM_BAD_OPTION);
}

TEST_F(ClientAbi, SaysWhichVersionItIs) {
  EXPECT_EQ(rm_client_abi(), std::uint32_t{RINGMASTER_CLIENT_ABI});
  EXPECT_NE(std::strchr(rm_client_version(), '.'), nullptr);
}

}  // namespace
}  // namespace ringmaster
