#include "base/spin_step.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace ringmaster {
namespace {

// Keeps the calling thread on one of the CPUs that it may use, and gives them all back.
class OnOneCpu {
 public:
  OnOneCpu() {
    EXPECT_EQ(::sched_getaffinity(0, sizeof all_, &all_), 0);
    cpu_set_t one;
    CPU_ZERO(&one);
    cpu_ = 0;
    while (!CPU_ISSET(cpu_, &all_)) ++cpu_;
    CPU_SET(cpu_, &one);
    EXPECT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  }
  ~OnOneCpu() { ::sched_setaffinity(0, sizeof all_, &all_); }
  OnOneCpu(const OnOneCpu&) = delete;
  OnOneCpu& operator=(const OnOneCpu&) = delete;

  [[nodiscard]] CpuMark mark() const { return static_cast<CpuMark>(cpu_ + 1); }

 private:
  cpu_set_t all_{};
  int cpu_;
};

TEST(SpinStep, NamesTheCpuOfItsThread) {
  const OnOneCpu pinned;
  EXPECT_EQ(this_cpu(), pinned.mark());
}

// Two threads on one CPU pass a word to and fro. Whoever waits lets the other run, which takes a look or two a pass;
// where it paused it would look for a time slice, hundreds of thousands of times.
TEST(SpinStep, LetsAThreadOfTheSameCpuRun) {
  constexpr int kPasses = 1000;
  const OnOneCpu pinned;
  std::atomic<int> there = 0;
  std::atomic<int> back = 0;
  const auto looks_until = [](const std::atomic<int>& word, int value) {
    int looks = 0;
    const auto came = [&] { return ++looks, word.load() == value; };
    while (!give_way(came, [] { return false; })) {
    }
    return looks;
  };
  std::thread other([&] {  // on the same CPU, as its parent
    for (int pass = 1; pass <= kPasses; ++pass) {
      looks_until(there, pass);
      back.store(pass);
    }
  });
  long looks = 0;
  for (int pass = 1; pass <= kPasses; ++pass) {
    there.store(pass);
    looks += looks_until(back, pass);
  }
  other.join();
  EXPECT_LT(looks, 100L * kPasses);
}

TEST(SpinStep, GivesWayAFewTimesOnly) {
  int looks = 0;
  EXPECT_FALSE(give_way([&] { return ++looks, false; }, [] { return false; }));
  EXPECT_LE(looks, 4);
  EXPECT_GE(looks, 1);
}

TEST(SpinStep, DoesNotGiveWayWhenItsTimeIsOver) {
  int looks = 0;
  bool late = false;
  EXPECT_FALSE(give_way([&] { return late = ++looks == 2, false; }, [&] { return late; }));
  EXPECT_EQ(looks, 2) << "the second time took too long";
}

TEST(SpinStep, KnowsWhoSharesItsCpu) {
  EXPECT_TRUE(share_cpu(1, 1));
  EXPECT_FALSE(share_cpu(1, 2));
  EXPECT_FALSE(share_cpu(0, 0)) << "where nobody knows";
}

}  // namespace
}  // namespace ringmaster
