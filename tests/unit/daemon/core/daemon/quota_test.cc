#include "daemon/core/daemon/quota.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/core/daemon/refusal_pace.h"

namespace ringmaster::core {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kNow{1000s};

QuotaLimits small() {
  return {.connections = 3,
          .connections_per_uid = 2,
          .sessions_per_uid = 2,
          .slots_per_uid = 100,
          .bytes_per_uid = mib(10),
          .socket_jobs_per_uid = 2,
          .crashes_per_minute = 3,
          .pools_per_uid = std::nullopt};
}

TEST(Quota, CountsConnectionsPerUidAndOfAll) {
  QuotaBook book{small()};
  EXPECT_FALSE(book.open_connection(1));
  EXPECT_FALSE(book.open_connection(1));
  EXPECT_EQ(book.open_connection(1), (QuotaRefusal{QuotaKind::ConnectionsPerUid, 1, 2, 2, 1}));
  EXPECT_FALSE(book.open_connection(2));
  EXPECT_EQ(book.open_connection(3), (QuotaRefusal{QuotaKind::Connections, 3, 3, 3, 1}));
  book.close_connection(1);
  EXPECT_FALSE(book.open_connection(3));
}

TEST(Quota, FourUidsCannotTakeAllConnections) {
  QuotaBook book{QuotaLimits{}};
  for (const Uid uid : {1U, 2U, 3U, 4U}) {
    while (!book.open_connection(uid)) continue;
  }
  EXPECT_EQ(book.connections(), 224U);
  EXPECT_EQ(book.open_connection(4)->kind, QuotaKind::ConnectionsForFew);
  for (Uid uid = 5; uid < 13; ++uid) {
    for (std::uint64_t i = 0; i < kFewConnections; ++i) EXPECT_FALSE(book.open_connection(uid)) << uid;
  }
  EXPECT_EQ(book.open_connection(13)->kind, QuotaKind::Connections);
}

TEST(Quota, TheLastSessionsAreForAdministratorsAndTheDaemonItself) {
  EXPECT_TRUE(session_fits(959, 1024, false));
  EXPECT_FALSE(session_fits(960, 1024, false));
  EXPECT_TRUE(session_fits(1023, 1024, true));
  EXPECT_FALSE(session_fits(1024, 1024, true));
}

TEST(Quota, KeepsAFewConnectionsForAdministration) {
  QuotaBook book{small()};
  for (std::uint64_t i = 0; i < kKeptConnections; ++i) EXPECT_TRUE(book.open_kept_connection());
  EXPECT_FALSE(book.open_kept_connection());
  book.close_kept_connection();
  EXPECT_TRUE(book.open_kept_connection());
  EXPECT_FALSE(book.open_connection(1)) << "they are beside the limits";
}

TEST(Quota, TellsOfEveryRefusal) {
  QuotaBook book{small()};
  std::vector<QuotaKind> told;
  book.when_refused([&](const QuotaRefusal& refusal) { told.push_back(refusal.kind); });
  EXPECT_FALSE(book.open_session(kNow, 1, 100, mib(1)));
  EXPECT_TRUE(book.open_session(kNow, 1, 1, mib(1)));
  EXPECT_TRUE(book.take_bytes(1, mib(20)));
  EXPECT_EQ(told, (std::vector{QuotaKind::SlotsPerUid, QuotaKind::BytesPerUid}));
}

TEST(RefusalPace, SaysEachLimitOfAUidOnceInAWhileAndHowOftenInBetween) {
  RefusalPace pace;
  const auto due = [&](Duration after, Uid uid = 1, QuotaKind kind = QuotaKind::ConnectionsPerUid) {
    return pace.line_due(kNow + after, kind, uid);
  };
  EXPECT_EQ(due(0s), 0U);
  EXPECT_EQ(due(1s), std::nullopt);
  EXPECT_EQ(due(9s), std::nullopt);
  EXPECT_EQ(due(1s, 2), 0U) << "another uid";
  EXPECT_EQ(due(1s, 1, QuotaKind::SlotsPerUid), 0U) << "another limit";
  EXPECT_EQ(due(10s), 2U);
  EXPECT_EQ(due(20s), 0U);
}

TEST(RefusalPace, IsBounded) {
  RefusalPace pace;
  for (Uid uid = 0; uid < RefusalPace::kMost; ++uid) {
    EXPECT_TRUE(pace.line_due(kNow, QuotaKind::ConnectionsPerUid, uid));
  }
  EXPECT_FALSE(pace.line_due(kNow, QuotaKind::ConnectionsPerUid, 100'000));
  EXPECT_TRUE(pace.line_due(kNow + 10s, QuotaKind::ConnectionsPerUid, 100'000));
}

TEST(Quota, ChargesASessionWholeOrNotAtAll) {
  QuotaBook book{small()};
  EXPECT_FALSE(book.open_session(kNow, 1, 60, mib(6)));
  EXPECT_EQ(book.open_session(kNow, 1, 60, mib(1))->kind, QuotaKind::SlotsPerUid);
  EXPECT_EQ(book.open_session(kNow, 1, 10, mib(5))->kind, QuotaKind::BytesPerUid);
  EXPECT_EQ(book.use(1), (QuotaUse{.sessions = 1, .slots = 60, .bytes = mib(6)}));
  EXPECT_FALSE(book.open_session(kNow, 1, 40, mib(4)));
  EXPECT_EQ(book.open_session(kNow, 1, 0, {})->kind, QuotaKind::SessionsPerUid);
}

TEST(Quota, SurvivesRequestsThatWouldOverflowTheSum) {
  QuotaBook book{small()};
  EXPECT_FALSE(book.open_session(kNow, 1, 1, mib(1)));
  EXPECT_EQ(book.open_session(kNow, 1, ~std::uint64_t{0}, {})->kind, QuotaKind::SlotsPerUid);
  EXPECT_EQ(book.open_session(kNow, 1, 1, {~std::uint64_t{0}})->kind, QuotaKind::BytesPerUid);
}

TEST(Quota, KeepsBytesUntilTheyAreReleasedAfterTheSession) {
  QuotaBook book{small()};
  EXPECT_FALSE(book.open_session(kNow, 1, 10, mib(10)));
  book.close_session(1, 10);
  EXPECT_EQ(book.open_session(kNow, 1, 10, mib(1))->kind, QuotaKind::BytesPerUid);
  book.release_bytes(1, mib(10));
  EXPECT_FALSE(book.open_session(kNow, 1, 10, mib(1)));
}

TEST(Quota, RefusesAUidWhoseJobsCrashTooOftenUntilTheMinuteIsOver) {
  QuotaBook book{small()};
  for (int i = 0; i < 4; ++i) book.count_crash(kNow, 1);
  EXPECT_EQ(book.take_socket_job(kNow + 1s, 1)->kind, QuotaKind::CrashesPerMinute);
  EXPECT_EQ(book.open_session(kNow + 1s, 1, 1, mib(1))->kind, QuotaKind::CrashesPerMinute);
  EXPECT_FALSE(book.take_socket_job(kNow + 1s, 2)) << "another uid is not punished";
  EXPECT_FALSE(book.take_socket_job(kNow + 61s, 1));
}

TEST(Quota, CountsSocketJobs) {
  QuotaBook book{small()};
  EXPECT_FALSE(book.take_socket_job(kNow, 1));
  EXPECT_FALSE(book.take_socket_job(kNow, 1));
  EXPECT_EQ(book.take_socket_job(kNow, 1)->kind, QuotaKind::SocketJobsPerUid);
  book.release_socket_job(1);
  EXPECT_FALSE(book.take_socket_job(kNow, 1));
}

TEST(Quota, SaysLimitUseAndWhatToDo) {
  EXPECT_EQ(to_string(QuotaRefusal{QuotaKind::BytesPerUid, 7, mib(10).value, mib(6).value, mib(5).value}),
            "uid 7 holds 6MiB of at most 10MiB of shared memory and asked for 5MiB more: open a smaller session, close "
            "another, or raise [limits] bytes_per_uid");
  for (int kind = 0; kind <= static_cast<int>(QuotaKind::PoolBytes); ++kind) {
    EXPECT_THAT(to_string(QuotaRefusal{static_cast<QuotaKind>(kind), 7, 10, 9, 2}), testing::HasSubstr("[limits]"));
  }
}

TEST(QuotaDeath, EndsTheProcessOnAReleaseThatWasNeverCharged) {
  QuotaBook book{small()};
  EXPECT_DEATH(book.release_socket_job(1), "check failed");
}

TEST(Quota, BytesOfMessagesCountWithThoseOfSessions) {
  QuotaLimits limits;
  limits.bytes_per_uid = mib(10);
  QuotaBook book(limits);
  EXPECT_FALSE(book.open_session({}, 7, 1, mib(6)));
  EXPECT_FALSE(book.take_bytes(7, mib(4)));
  EXPECT_EQ(book.take_bytes(7, Bytes{1})->kind, QuotaKind::BytesPerUid);
  book.release_bytes(7, mib(4));
  EXPECT_FALSE(book.take_bytes(7, Bytes{1}));
}

TEST(Quota, WhatWasAcceptedCountsThoughItIsOverTheLimit) {
  QuotaBook book{small()};
  for (int i = 0; i < 3; ++i) book.charge_accepted(1, mib(5));
  EXPECT_EQ(book.use(1).socket_jobs, 3U);
  EXPECT_EQ(book.use(1).bytes, mib(15));
  EXPECT_EQ(book.take_socket_job(kNow, 1), (QuotaRefusal{QuotaKind::SocketJobsPerUid, 1, 2, 3, 1}));
  EXPECT_TRUE(book.take_bytes(1, Bytes{1}));
  for (int i = 0; i < 3; ++i) {
    book.release_socket_job(1);
    book.release_bytes(1, mib(5));
  }
  EXPECT_EQ(book.use(1), QuotaUse{});
}

TEST(Quota, PoolsAreChargedWithTheirWorkersAndBytes) {
  QuotaLimits limits;
  QuotaBook closed(limits);
  EXPECT_EQ(closed.open_pool(1, 1, Bytes{1}), (QuotaRefusal{QuotaKind::PoolsPerUid, 1, 0, 0, 1}));
  limits.pools_per_uid = 2;
  limits.workers_per_uid = 10;
  limits.bytes_per_uid = mib(4);
  QuotaBook book(limits);
  EXPECT_EQ(book.open_pool(1, 6, mib(1)), std::nullopt);
  EXPECT_EQ(book.open_pool(1, 5, mib(1)), (QuotaRefusal{QuotaKind::WorkersPerUid, 1, 10, 6, 5}));
  EXPECT_EQ(book.open_pool(1, 4, mib(4)),
            (QuotaRefusal{QuotaKind::PoolBytes, 1, mib(4).value, mib(1).value, mib(4).value}));
  EXPECT_EQ(book.open_pool(1, 4, mib(1)), std::nullopt);
  EXPECT_EQ(book.open_pool(1, 0, Bytes{}), (QuotaRefusal{QuotaKind::PoolsPerUid, 1, 2, 2, 1}));
  EXPECT_EQ(book.open_pool(2, 10, mib(4)), std::nullopt) << "another uid's account";
  book.charge_pool(1, 100, mib(9));
  EXPECT_EQ(book.use(1).workers, 110U) << "a predecessor's, whatever the limits are by now";
  book.close_pool(1, 100, mib(9));
  book.close_pool(1, 6, mib(1));
  book.close_pool(1, 4, mib(1));
  EXPECT_EQ(book.use(1), QuotaUse{});
}

TEST(Quota, OnlyAPrivateDaemonLetsItsUserCreatePoolsUnasked) {
  EXPECT_EQ(default_pools_per_uid(false, false, true), 16U);
  EXPECT_EQ(default_pools_per_uid(false, false, false), 0U);
  EXPECT_EQ(default_pools_per_uid(true, false, true), 0U);
  EXPECT_EQ(default_pools_per_uid(true, true, true), 16U) << "in a container, say";
  EXPECT_EQ(default_pools_per_uid(true, true, false), 0U);
}

}  // namespace
}  // namespace ringmaster::core
