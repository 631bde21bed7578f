#include "tests/chaos/content.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/chaos/random.h"

namespace ringmaster::chaos {
namespace {

std::vector<std::byte> content(std::uint64_t job, std::size_t bytes, Side side = Side::Result) {
  std::vector<std::byte> filled(bytes);
  fill(filled, job, side);
  return filled;
}

constexpr std::uint64_t kJob = make_job(3, 2, 77);
constexpr std::uint64_t kOther = make_job(4, 1, 12);

TEST(ChaosContent, MixingCanBeUndone) {
  for (std::uint64_t x : {0ULL, 1ULL, 0xFFFFFFFFFFFFFFFFULL, 0x123456789ABCDEFULL}) EXPECT_EQ(unmix(mix(x)), x);
}

TEST(ChaosContent, IsRightForItsOwnJobAtEveryLength) {
  for (std::size_t bytes : {0, 1, 7, 8, 9, 63, 64, 65, 4096, 100'001})
    EXPECT_EQ(look_at(content(kJob, bytes), kJob, Side::Result, bytes).verdict, Verdict::Right) << bytes;
}

TEST(ChaosContent, OfAnotherJobIsForeignAndTellsWhose) {
  const Finding finding = look_at(content(kOther, 100), kJob, Side::Result, 100);
  EXPECT_EQ(finding.verdict, Verdict::Foreign);
  EXPECT_EQ(finding.whose, kOther);
  EXPECT_NE(look_at(content(kOther, 3), kJob, Side::Result, 3).verdict, Verdict::Right);
}

TEST(ChaosContent, ARequestIsNoResult) {
  EXPECT_EQ(look_at(content(kJob, 64, Side::Request), kJob, Side::Result, 64).verdict, Verdict::Foreign);
}

TEST(ChaosContent, OneWordOfAnotherJobIsFoundWhereItLies) {
  auto mixed = content(kJob, 100'000);
  const auto other = content(kOther, 100'000);
  std::copy_n(other.begin() + 64'000, 8, mixed.begin() + 64'000);
  const Finding finding = look_at(mixed, kJob, Side::Result, 100'000);
  EXPECT_EQ(finding.verdict, Verdict::Mixed);
  EXPECT_EQ(finding.at, 64'000U);
  EXPECT_EQ(finding.whose, kOther);
}

TEST(ChaosContent, OneWrongByteIsFound) {
  for (std::size_t at : {9, 500, 998, 999}) {
    auto wrong = content(kJob, 1000);
    wrong[at] ^= std::byte{1};
    EXPECT_EQ(look_at(wrong, kJob, Side::Result, 1000).verdict, Verdict::Mixed) << at;
  }
}

TEST(ChaosContent, AnotherLengthIsShortAlsoWhereWhatIsThereIsRight) {
  EXPECT_EQ(look_at(content(kJob, 99), kJob, Side::Result, 100).verdict, Verdict::Short);
  EXPECT_EQ(look_at({}, kJob, Side::Result, 1).verdict, Verdict::Short);
  EXPECT_EQ(look_at(content(kJob, 104), kJob, Side::Result, 100).verdict, Verdict::Short);
}

}  // namespace
}  // namespace ringmaster::chaos
