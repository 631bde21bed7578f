#include "worker/job/job_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#define RINGMASTER_HANDLER_FOLDER ""
#include "run_handler.h"
#include "shm/layout.h"
#include "worker/handler.h"

namespace ringmaster::worker {
namespace {

using test::Ran;
using test::run;
using testing::HasSubstr;

// One handler, described as given, as a worker would have it.
class OneHandler {
 public:
  explicit OneHandler(Handler handler) : table_({std::move(handler)}) { registry_.add(table_.get(), "test").value(); }
  [[nodiscard]] const RegisteredHandler& get() const { return registry_.handlers()[0]; }

 private:
  HandlerTable table_;
  HandlerRegistry registry_;
};

TEST(Job, CommitsWhatWasReserved) {
  const OneHandler handler({.name = "h", .run = [](Job& job) {
                              const auto place = job.reserve(4);
                              std::memcpy(place.data(), "abcd", 4);
                              job.commit(3);
                              job.output(std::string_view("xyz"));
                            }});
  const Ran ran = run(handler.get(), "", {}, 6);
  EXPECT_EQ(ran.code, RM_DONE);
  EXPECT_EQ(ran.result, "abcxyz");
}

TEST(Job, CarriesARemarkBesideItsResult) {
  const OneHandler handler({.name = "h", .run = [](Job& job) {
                              job.output(std::string_view("abc"));
                              if (job.input().empty()) job.remark("nothing came in");
                            }});
  const Ran odd = run(handler.get(), "");
  EXPECT_EQ(odd.code, RM_DONE);
  EXPECT_EQ(odd.result, "abc");
  EXPECT_EQ(odd.message, "nothing came in");
  EXPECT_EQ(run(handler.get(), "x").message, "");
}

TEST(Job, BeginsAfreshWhateverTheOneBeforeLeft) {
  std::string kept = "of nobody";  // As a library keeps its last error.
  const OneHandler handler({.name = "h",
                            .fresh_start = [&kept] { kept.clear(); },
                            .run =
                                [&kept](Job& job) {
                                  const std::string before = kept + std::to_string(errno);
                                  kept = "of the job before";
                                  errno = ENOENT;
                                  throw std::runtime_error(before + std::string(job.input_text()));
                                }});
  EXPECT_EQ(run(handler.get(), "a").message, "0a");
  EXPECT_EQ(run(handler.get(), "b").message, "0b");
}

TEST(Job, ReportsTheSizeThatAResultBeyondItsExtentTakes) {
  const OneHandler handler({.name = "h", .run = [](Job& job) {
                              job.output(std::string_view("12345678"));
                              job.output(std::string_view("12345678"));
                            }});
  const Ran ran = run(handler.get(), "", {}, 15);
  EXPECT_EQ(ran.code, RM_TOO_LARGE);
  EXPECT_EQ(ran.needed, 16U);
  EXPECT_EQ(run(handler.get(), "", {}, 16).code, RM_DONE);
}

TEST(Job, RefusesToCommitMoreThanWasReserved) {
  const OneHandler handler({.name = "h", .run = [](Job& job) {
                              (void)job.reserve(4);
                              job.commit(5);
                            }});
  EXPECT_EQ(run(handler.get(), "").code, RM_FAILED);
}

TEST(Job, SurvivesAReservationThatOverflows) {
  const OneHandler handler({.name = "h", .run = [](Job& job) {
                              job.output(std::string_view("x"));
                              (void)job.reserve(SIZE_MAX);
                            }});
  EXPECT_NE(run(handler.get(), "").code, RM_DONE);
}

TEST(Job, TurnsExceptionsIntoOutcomes) {
  const OneHandler fails({.name = "h", .run = [](Job&) { throw std::runtime_error("disk on fire"); }});
  EXPECT_EQ(run(fails.get(), "").code, RM_FAILED);
  EXPECT_EQ(run(fails.get(), "").message, "disk on fire");
  const OneHandler talks({.name = "h", .run = [](Job&) {
                            std::string story;
                            for (int i = 0; i < 200; ++i) story += "word" + std::to_string(i) + " ";
                            throw std::runtime_error(story);
                          }});
  const std::string told(run(talks.get(), "").message);
  EXPECT_THAT(told, HasSubstr("word0 word1"));
  EXPECT_TRUE(told.ends_with("...")) << "cut at a word, and said so: " << told;
  EXPECT_LE(told.size(), shm::kMessageBytes);
  const OneHandler refuses({.name = "h", .run = [](Job&) { throw InvalidJob("no"); }});
  EXPECT_EQ(run(refuses.get(), "").code, RM_INVALID);
  const OneHandler strange({.name = "h", .run = [](Job&) { throw 42; }});
  EXPECT_EQ(run(strange.get(), "").code, RM_FAILED);
  const OneHandler liar({.name = "h", .run = [](Job&) { throw ResultTooLarge(1); }});
  EXPECT_EQ(run(liar.get(), "").code, RM_FAILED);
}

TEST(Job, GivesArgumentsWithTheirTypesAndDefaults) {
  const OneHandler handler({.name = "h",
                            .arguments = {{.name = "i", .kind = ArgumentKind::Integer, .default_value = "5"},
                                          {.name = "r", .kind = ArgumentKind::Real, .default_value = "0.5"},
                                          {.name = "b", .kind = ArgumentKind::Boolean, .default_value = "false"},
                                          {.name = "t"}},
                            .run = [](Job& job) {
                              job.output(std::to_string(job.integer("i")) + " " + std::to_string(job.real("r")) + " " +
                                         (job.flag("b") ? "yes" : "no") + " " + (job.has("t") ? "t" : "-"));
                            }});
  EXPECT_EQ(run(handler.get(), "").result, "5 0.500000 no -");
  EXPECT_EQ(run(handler.get(), "", {{"i", "-9"}, {"r", "2"}, {"b", "true"}, {"t", ""}}).result, "-9 2.000000 yes t");
}

TEST(Job, RefusesArgumentsBeforeTheHandlerRuns) {
  const OneHandler handler({.name = "h",
                            .arguments = {{.name = "n", .kind = ArgumentKind::Integer, .required = true, .maximum = 9}},
                            .run = [](Job&) { FAIL() << "the handler ran"; }});
  for (const test::Arguments& bad :
       {test::Arguments{}, {{"n", "x"}}, {{"n", "10"}}, {{"n", "1 "}}, {{"n", "1"}, {"m", "1"}}}) {
    const Ran ran = run(handler.get(), "", bad);
    EXPECT_EQ(ran.code, RM_INVALID);
    EXPECT_THAT(ran.message, HasSubstr("handler \"h\""));
  }
}

TEST(Job, RefusesTooLargeARequest) {
  const OneHandler handler({.name = "h", .max_request_bytes = 3, .run = [](Job&) {}});
  EXPECT_EQ(run(handler.get(), "123").code, RM_DONE);
  EXPECT_EQ(run(handler.get(), "1234").code, RM_INVALID);
}

TEST(Job, MissingArgumentSaysWhich) {
  const OneHandler handler({.name = "h", .run = [](Job& job) { (void)job.integer("depth"); }});
  const Ran ran = run(handler.get(), "");
  EXPECT_EQ(ran.code, RM_INVALID);
  EXPECT_THAT(ran.message, HasSubstr("depth"));
}

TEST(Job, SeesBothCancelWordsAndTheDeadline) {
  std::string seen;
  const OneHandler handler({.name = "h", .run = [&](Job& job) {
                              seen += job.cancelled() ? 'c' : '-';
                              seen += job.deadline_left() < std::chrono::nanoseconds(0) ? 'd' : '-';
                              job.progress();
                              job.throw_if_cancelled();
                            }});
  std::atomic<std::uint64_t> progress{0};
  JobContext context(progress);
  std::atomic<std::uint32_t> client{6};
  std::atomic<std::uint64_t> supervisor{0};
  JobInput job;
  job.seq = 7;
  job.intent = 77;
  job.client_cancel = &client;
  job.supervisor_cancel = &supervisor;
  const auto run_once = [&] {
    EXPECT_TRUE(context.prepare(handler.get(), job));
    return context.end(context.call()).code;
  };
  EXPECT_EQ(run_once(), RM_DONE);
  client = 7;
  EXPECT_EQ(run_once(), RM_CANCELLED);
  client = 0;
  supervisor = 77;
  job.deadline_ns = 1;
  EXPECT_EQ(run_once(), RM_CANCELLED);
  EXPECT_EQ(seen, "--c-cd");
  EXPECT_EQ(progress.load(), 3U);
}

}  // namespace
}  // namespace ringmaster::worker
