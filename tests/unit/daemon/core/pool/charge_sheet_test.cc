#include "daemon/core/pool/charge_sheet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringmaster::core {
namespace {

using namespace std::chrono_literals;
using Standing = ChargeSheet::Standing;

constexpr TimePoint kNow{1000s};
constexpr DeathCause kCrash{DeathKind::Signal, 11, true};
constexpr Uid kUid = 1000;
// A worker's first job costs 3 s, any other 1.5 s.
constexpr ChargeSheet::Terms kTerms{20, 60s};

LastJob running(std::uint64_t finished) { return {kUid, true, 0s, finished}; }
LastJob over(Duration ago, std::uint64_t finished) { return {kUid, false, ago, finished}; }

class Sheet {
 public:
  void crash(TimePoint now, Uid uid = kUid, bool first = true, bool may_refuse = true, bool in_row = true) {
    sheet.charge(now, {uid, first, in_row}, may_refuse, kCrash, ++deaths_);
  }
  ChargeSheet sheet{kTerms};

 private:
  std::uint32_t deaths_ = 0;
};

TEST(Blame, ADeathInAJobIsItsUids) {
  EXPECT_EQ(blame(kCrash, running(0)), (Evidence{kUid, true, true}));
  EXPECT_EQ(blame(kCrash, running(1)), (Evidence{kUid, false, true}));
  EXPECT_EQ(blame(kCrash, running(32)), (Evidence{kUid, false, false}));
}

TEST(Blame, AJobThatLetsItsProcessDieBehindItIsNoBetter) {
  EXPECT_EQ(blame(kCrash, over(0s, 1)), (Evidence{kUid, true, true}));
  EXPECT_EQ(blame(kCrash, over(9999ms, 2)), (Evidence{kUid, false, true}));
}

TEST(Blame, ADeathBeforeTheFirstJobOrLongAfterTheLastIsThePools) {
  EXPECT_EQ(blame(kCrash, std::nullopt), std::nullopt);
  EXPECT_EQ(blame(kCrash, over(10s, 5)), std::nullopt);
}

TEST(Blame, WhatWeWantedSpeaksAgainstNobodyAndABootFailureAgainstThePool) {
  for (const auto kind : {DeathKind::Clean, DeathKind::Recycled, DeathKind::Shutdown, DeathKind::BootFailure}) {
    EXPECT_EQ(blame({kind, 0, false}, running(0)), std::nullopt) << to_string(kind);
  }
  for (const auto kind : {DeathKind::ExitCode, DeathKind::OutOfMemory, DeathKind::TimedOut, DeathKind::Cancelled,
                          DeathKind::ProtocolViolation}) {
    EXPECT_TRUE(blame({kind, 0, false}, running(0))) << to_string(kind);
  }
}

TEST(Blame, AForcedCancelIsItsUidsAndNoCrash) {
  EXPECT_EQ(blame({DeathKind::CancelledByForce, 9, true}, running(0)), (Evidence{kUid, false, false}));
  EXPECT_EQ(blame({DeathKind::CancelledByForce, 9, true}, over(0s, 1)), std::nullopt);
}

TEST(ChargeSheet, ManyForcedCancelsMakeAUidWaitAndNeverGetItRefused) {
  Sheet at;
  const auto force = [&] { at.crash(kNow, kUid, false, true, false); };
  for (int i = 0; i < 3; ++i) force();
  EXPECT_EQ(at.sheet.standing(kNow, kUid), ChargeSheet::Standing::Clear);
  for (int i = 0; i < 1000; ++i) force();
  EXPECT_EQ(at.sheet.standing(kNow, kUid), ChargeSheet::Standing::Last);
}

TEST(ChargeSheet, ASingleCrashMakesNobodyWait) {
  Sheet at;
  at.crash(kNow);
  EXPECT_EQ(at.sheet.standing(kNow, kUid), Standing::Clear);
  EXPECT_EQ(at.sheet.find(kUid)->deaths, 1U);
}

TEST(ChargeSheet, TwoWorkersInARowMakeAUidWaitUntilItHasPaid) {
  Sheet at;
  at.crash(kNow);
  at.crash(kNow);
  EXPECT_EQ(at.sheet.standing(kNow, kUid), Standing::Last);
  EXPECT_EQ(at.sheet.standing(kNow, kUid + 1), Standing::Clear);
  EXPECT_EQ(at.sheet.next_change(kNow), kNow + 1500ms);
  EXPECT_EQ(at.sheet.standing(kNow + 1500ms, kUid), Standing::Clear);
  at.sheet.settle(kNow + 6s);
  EXPECT_EQ(at.sheet.find(kUid), nullptr);
}

TEST(ChargeSheet, AWorkersFirstJobCountsDouble) {
  Sheet at;
  for (int i = 0; i < 3; ++i) at.crash(kNow, kUid, false);
  EXPECT_EQ(at.sheet.standing(kNow, kUid), Standing::Clear);
  at.crash(kNow, kUid, false);
  EXPECT_EQ(at.sheet.standing(kNow, kUid), Standing::Last);
}

TEST(ChargeSheet, OneWorkerTooManyRefusesAUidUntilItHasPaidHalf) {
  Sheet at;
  for (int i = 0; i < 20; ++i) at.crash(kNow);
  EXPECT_EQ(at.sheet.standing(kNow, kUid), Standing::Last);
  at.crash(kNow);
  EXPECT_EQ(at.sheet.standing(kNow, kUid), Standing::Refused);
  const TimePoint until = at.sheet.find(kUid)->refused_until;
  EXPECT_EQ(until, kNow + 31500ms);
  EXPECT_EQ(at.sheet.standing(until, kUid), Standing::Last);
  // What follows is judged against the other half.
  for (int i = 0; i < 10; ++i) at.crash(until);
  EXPECT_EQ(at.sheet.standing(until, kUid), Standing::Last);
  at.crash(until);
  EXPECT_EQ(at.sheet.standing(until, kUid), Standing::Refused);
}

TEST(ChargeSheet, JobsThatStillRanWhenItWasRefusedKeepItOutForNoLonger) {
  Sheet at;
  for (int i = 0; i < 500; ++i) at.crash(kNow);
  EXPECT_LE(at.sheet.find(kUid)->refused_until, kNow + 32s);
}

TEST(ChargeSheet, AUidThatPaysAsFastAsItOwesIsNotRefused) {
  Sheet at;
  for (int i = 0; i < 1000; ++i) {
    at.crash(kNow + i * 3s);
    EXPECT_NE(at.sheet.standing(kNow + i * 3s, kUid), Standing::Refused);
  }
}

TEST(ChargeSheet, DeathsThatAreNotInARowOrMaybeSomebodyElsesOnlyMakeItWait) {
  Sheet at;
  for (int i = 0; i < 100; ++i) {
    at.crash(kNow, 1, true, false);
    at.crash(kNow, 2, false, true, false);
  }
  EXPECT_EQ(at.sheet.standing(kNow, 1), Standing::Last);
  EXPECT_EQ(at.sheet.standing(kNow, 2), Standing::Last);
  EXPECT_LE(at.sheet.find(1)->clear_at, kNow + 60s);
}

TEST(ChargeSheet, DeathsThatAreNotItsOwnBringAUidNoNearerToARefusal) {
  Sheet at;
  for (int i = 0; i < 100; ++i) at.crash(kNow, kUid, true, false);
  for (int i = 0; i < 10; ++i) at.crash(kNow);
  EXPECT_EQ(at.sheet.standing(kNow, kUid), Standing::Last) << "10 of 20 in a row, and 100 kills from outside";
  for (int i = 0; i < 11; ++i) at.crash(kNow);
  EXPECT_EQ(at.sheet.standing(kNow, kUid), Standing::Refused);
}

TEST(ChargeSheet, TheSameDeathCountsOnce) {
  ChargeSheet sheet(kTerms);
  for (int i = 0; i < 50; ++i) sheet.charge(kNow, {kUid, true, true}, true, kCrash, 7);
  EXPECT_EQ(sheet.find(kUid)->deaths, 1U);
}

TEST(ChargeSheet, ASuccessorGoesOnWithWhatItFinds) {
  Sheet at;
  for (int i = 0; i < 21; ++i) at.crash(kNow);
  ChargeSheet successor(kTerms);
  for (const auto& charge : at.sheet.all()) successor.restore(kNow + 1s, charge);
  EXPECT_EQ(successor.all(), at.sheet.all());
  EXPECT_EQ(successor.standing(kNow + 1s, kUid), Standing::Refused);
  // Nonsense on record keeps nobody out for ever.
  ChargeSheet lenient(kTerms);
  lenient.restore(kNow, {kUid, 1, 1, kNow + 1000h, kNow + 1000h, kCrash});
  EXPECT_LE(lenient.find(kUid)->refused_until, kNow + 62s);
}

TEST(ChargeSheet, WhoOwesLeastMakesRoom) {
  Sheet at;
  for (Uid uid = 0; uid < ChargeSheet::kMost; ++uid) {
    at.crash(kNow, uid);
    if (uid != 5) at.crash(kNow, uid);
  }
  at.crash(kNow, 7000);
  EXPECT_EQ(at.sheet.all().size(), ChargeSheet::kMost);
  EXPECT_EQ(at.sheet.find(5), nullptr);
  EXPECT_NE(at.sheet.find(7000), nullptr);
}

TEST(ChargeSheet, SaysWhatAUidDid) {
  Sheet at;
  for (int i = 0; i < 7; ++i) at.crash(kNow);
  EXPECT_EQ(ChargeSheet::to_string(*at.sheet.find(kUid), "images"),
            "jobs of uid 1000 ended 7 workers of pool \"images\" lately, the last one killed by SIGSEGV");
}

TEST(ChargeSheet, ABudgetOfNothingIsOfOne) {
  ChargeSheet sheet({0, 60s});
  sheet.charge(kNow, {kUid, true, true}, true, kCrash, 1);
  EXPECT_EQ(sheet.standing(kNow, kUid), Standing::Clear);
}

}  // namespace
}  // namespace ringmaster::core
