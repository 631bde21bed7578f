#include "daemon/core/worker/death.h"

#include <gtest/gtest.h>

#include <csignal>

#include "daemon/core/job/retry_policy.h"
#include "daemon/core/types.h"

namespace ringmaster::core {
namespace {

using namespace std::chrono_literals;

TEST(Death, TheFirstVerdictWins) {
  const ExitFacts killed{.by_signal = true,
                         .code_or_signal = SIGKILL,
                         .was_ready = true,
                         .out_of_memory = true,
                         .verdict = DeathKind::TimedOut};
  EXPECT_EQ(classify_death(killed), (DeathCause{DeathKind::TimedOut, SIGKILL, true}));
}

TEST(Death, TellsTheOtherCausesApart) {
  const auto kind = [](ExitFacts facts) { return classify_death(facts).kind; };
  EXPECT_EQ(
      kind({.by_signal = true, .code_or_signal = SIGKILL, .was_ready = true, .out_of_memory = true, .verdict = {}}),
      DeathKind::OutOfMemory);
  EXPECT_EQ(
      kind({.by_signal = true, .code_or_signal = SIGSEGV, .was_ready = true, .out_of_memory = false, .verdict = {}}),
      DeathKind::Signal);
  EXPECT_EQ(
      kind({.by_signal = true, .code_or_signal = SIGSEGV, .was_ready = false, .out_of_memory = false, .verdict = {}}),
      DeathKind::BootFailure);
  EXPECT_EQ(kind({.by_signal = false, .code_or_signal = 0, .was_ready = true, .out_of_memory = false, .verdict = {}}),
            DeathKind::ExitCode);
}

TEST(Death, TellsAKillFromOutside) {
  ExitFacts facts{
      .by_signal = true, .code_or_signal = SIGKILL, .was_ready = true, .out_of_memory = false, .verdict = {}};
  EXPECT_TRUE(classify_death(facts).from_outside);
  facts.out_of_memory = true;
  EXPECT_FALSE(classify_death(facts).from_outside);
  facts = {.by_signal = true, .code_or_signal = SIGKILL, .was_ready = false, .verdict = DeathKind::BootFailure};
  EXPECT_FALSE(classify_death(facts).from_outside) << "we killed it: it did not get ready in time";
  facts = {.by_signal = true, .code_or_signal = SIGSEGV, .was_ready = true, .verdict = {}};
  EXPECT_FALSE(classify_death(facts).from_outside);
}

TEST(Death, AWorkerThatWasKilledOverItsFaultDiedOfTheFault) {
  ExitFacts facts{.by_signal = true, .code_or_signal = SIGKILL, .was_ready = true, .verdict = {}};
  facts.fault_signal = SIGSEGV;
  EXPECT_EQ(classify_death(facts), (DeathCause{DeathKind::Signal, SIGSEGV, true, false}));
  facts.was_ready = false;
  EXPECT_EQ(classify_death(facts), (DeathCause{DeathKind::BootFailure, SIGSEGV, true, false}));
  facts.verdict = DeathKind::TimedOut;
  EXPECT_EQ(classify_death(facts), (DeathCause{DeathKind::TimedOut, SIGKILL, true, false})) << "it stood before";
  facts = {.by_signal = true, .code_or_signal = SIGABRT, .was_ready = true, .fault_signal = SIGSEGV, .verdict = {}};
  EXPECT_EQ(classify_death(facts).detail, SIGABRT) << "its own end says more";
  facts = {.by_signal = true,
           .code_or_signal = SIGKILL,
           .was_ready = true,
           .fault_signal = SIGSEGV,
           .out_of_memory = true,
           .verdict = {}};
  EXPECT_EQ(classify_death(facts).kind, DeathKind::OutOfMemory);
}

TEST(Death, SaysWhatMadeTheFault) {
  EXPECT_EQ(fault_words(SIGSEGV, SEGV_MAPERR, 0x10), "nothing is mapped at 0x10");
  EXPECT_EQ(fault_words(SIGFPE, FPE_INTDIV, 0x4000), "an integer was divided by 0");
  EXPECT_EQ(fault_words(SIGSEGV, SI_USER, 0), "") << "somebody sent it";
}

TEST(Death, SaysWhereACoreIs) {
  EXPECT_EQ(core_place("core"), "core dumped as \"core\" in the worker's working directory");
  EXPECT_EQ(core_place("/var/cores/%e.%p"), "core dumped as \"/var/cores/%e.%p\"");
  EXPECT_EQ(core_place("|/usr/lib/systemd/systemd-coredump %P %u"),
            "core dumped, given to /usr/lib/systemd/systemd-coredump; see coredumpctl");
  EXPECT_EQ(core_place(""), "core dumped");
}

TEST(Death, SaysTheCauseInWords) {
  EXPECT_EQ(to_string(DeathCause{DeathKind::Signal, SIGSEGV, true}), "killed by SIGSEGV");
  EXPECT_EQ(to_string(DeathCause{DeathKind::BootFailure, 3, false}), "exited with status 3 before it was ready");
  EXPECT_EQ(signal_name(40), "signal 40");
}

TEST(RetryPolicy, RetriesIdempotentJobsUpToTheLimit) {
  EXPECT_EQ(decide_retry({.idempotent = false, .crashes = 1}), shm::AfterCrash::Fail);
  EXPECT_EQ(decide_retry({.idempotent = true, .crashes = 1}), shm::AfterCrash::Retry);
  EXPECT_EQ(decide_retry({.idempotent = true, .crashes = 2}), shm::AfterCrash::Retry);
  EXPECT_EQ(decide_retry({.idempotent = true, .crashes = 3}), shm::AfterCrash::Poison);
  EXPECT_EQ(decide_retry({.idempotent = true, .crashes = 1, .crash_limit = 1}), shm::AfterCrash::Poison);
}

TEST(Units, PrintAsTheConfigurationWritesThem) {
  EXPECT_EQ(to_string(Duration{0}), "0s");
  EXPECT_EQ(to_string(Duration{1500ms}), "1500ms");
  EXPECT_EQ(to_string(Duration{90s}), "90s");
  EXPECT_EQ(to_string(Duration{2min}), "2m");
  EXPECT_EQ(to_string(Duration{7ns}), "7ns");
  EXPECT_EQ(to_string(Bytes{0}), "0B");
  EXPECT_EQ(to_string(mib(64)), "64MiB");
  EXPECT_EQ(to_string(Bytes{1000}), "1000B");
}

TEST(Death, AForcedCancelExcusesAKillAndNoCrash) {
  ExitFacts facts;
  facts.was_ready = true;
  facts.verdict = DeathKind::CancelledByForce;
  facts.by_signal = true;
  facts.code_or_signal = SIGKILL;
  EXPECT_EQ(classify_death(facts), (DeathCause{DeathKind::CancelledByForce, SIGKILL, true, false}));
  facts.fault_signal = SIGSEGV;
  EXPECT_EQ(classify_death(facts), (DeathCause{DeathKind::Signal, SIGSEGV, true, false}));
  facts.code_or_signal = SIGSEGV;
  EXPECT_EQ(classify_death(facts), (DeathCause{DeathKind::Signal, SIGSEGV, true, false}));
  facts.fault_signal.reset();
  facts.by_signal = false;
  facts.code_or_signal = 1;
  EXPECT_EQ(classify_death(facts).kind, DeathKind::CancelledByForce) << "it did as it was told";
}

}  // namespace
}  // namespace ringmaster::core
