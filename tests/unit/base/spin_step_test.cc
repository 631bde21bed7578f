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

// Two threads on one CPU pass a word to and fro, a thousand times. By pausing each pass takes a time slice of looks,
// hundreds of thousands.
TEST(SpinStep, LetsAThreadOfTheSameCpuRun) {
  constexpr int kPasses = 1000;
  const OnOneCpu pinned;
  std::atomic<int> there = 0;
  std::atomic<int> back = 0;
  const auto looks_until = [&](const std::atomic<int>& word, int value) {
    SpinStep step(pinned.mark());
    step.look_around();
    int looks = 0;
    for (; word.load() != value; ++looks) step();
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

TEST(SpinStep, GivesWayOnlyToAThreadThatIsKnownToBeHere) {
  const OnOneCpu pinned;
  for (const CpuMark other : {CpuMark{0}, pinned.mark() + 1}) {
    SpinStep step(other);
    EXPECT_EQ(step.look_around(), pinned.mark());
    EXPECT_FALSE(step.gives_way());
  }
  SpinStep step(pinned.mark());
  EXPECT_FALSE(step.gives_way());  // before it has looked
  step.look_around();
  EXPECT_TRUE(step.gives_way());
}

}  // namespace
}  // namespace ringmaster
