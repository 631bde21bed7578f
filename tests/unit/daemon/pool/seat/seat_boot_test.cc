#include "daemon/pool/seat/seat_boot.h"

#include <gtest/gtest.h>

#include "daemon/pool/seat/spawn_spec.h"
#include "tests/testing/fake_keeper.h"
#include "tests/unit/daemon/pool/fake_worker.h"
#include "tests/unit/daemon/pool/room_fixture.h"

namespace ringmaster::daemon {
namespace {

using namespace std::chrono_literals;
using testing::FakeWorker;
using testing::take_seat;

constexpr core::TimePoint kNow{1h};

struct Room {
  Room() {
    seat.ready = false;
    seat.started = kNow;
  }
  [[nodiscard]] static std::vector<std::byte> table() {
    HandlerDescription echo;
    echo.name = "echo";
    return encode_handlers({&echo, 1}).value();
  }
  bool chunk(std::uint32_t number, std::span<const std::byte> bytes, bool last) {
    worker_link::HandlersChunk piece;
    piece.number = number;
    piece.bytes.assign(bytes.begin(), bytes.end());
    piece.last = last;
    return boot.on_chunk(seat, piece);
  }

  testing::FakeKeeper keeper;
  testing::Posted posted;
  HandlerCatalog handlers{0, keeper, posted.later()};
  Seat seat;
  FakeWorker& worker = take_seat(seat, {0, 1});
  SeatBoot boot{{{}, 5s}, handlers};
};

TEST(SeatBoot, AWorkerIsToldItsSettingsAndBeginsAsASpare) {
  Room room;
  worker_link::Hello hello;
  hello.abi = worker_link::kAbiVersion;
  hello.pid = 4711;
  EXPECT_TRUE(room.boot.on_hello(room.seat, hello));
  EXPECT_EQ(room.seat.said_pid, 4711U);
  EXPECT_EQ(room.worker.told<worker_link::Settings>().size(), 1U);
  ASSERT_EQ(room.worker.told<worker_link::Claiming>().size(), 1U);
  EXPECT_TRUE(room.worker.told<worker_link::Claiming>()[0].paused);
}

TEST(SeatBoot, AnotherVersionOfTheLinkIsSaidAndSentHome) {
  Room room;
  worker_link::Hello hello;
  hello.abi = worker_link::kAbiVersion + 1;
  EXPECT_FALSE(room.boot.on_hello(room.seat, hello));
  EXPECT_NE(room.seat.boot_error.find("build it with the installed worker library"), std::string::npos);
  EXPECT_TRUE(room.worker.sent.empty());
}

TEST(SeatBoot, ATableOfHandlersComesInPieces) {
  Room room;
  const auto table = Room::table();
  const auto bytes = std::span(table);
  EXPECT_TRUE(room.chunk(0, bytes.first(3), false));
  EXPECT_TRUE(room.handlers.all().empty());
  EXPECT_TRUE(room.chunk(1, bytes.subspan(3), true));
  ASSERT_EQ(room.handlers.all().size(), 1U);
  EXPECT_EQ(room.handlers.all()[0].name, "echo");
}

TEST(SeatBoot, PiecesThatCannotBeEndTheBoot) {
  const auto table = Room::table();
  Room unordered;
  EXPECT_TRUE(unordered.chunk(0, table, false));
  EXPECT_FALSE(unordered.chunk(2, table, true));
  Room wrong;
  const std::vector<std::byte> noise(7, std::byte{0xFF});
  EXPECT_FALSE(wrong.chunk(0, noise, true));
  EXPECT_NE(wrong.seat.boot_error.find("wrong"), std::string::npos);
  Room large;
  const std::vector<std::byte> much(kMaxHandlerTableBytes + 1);
  EXPECT_FALSE(large.chunk(0, much, false));
}

TEST(SeatBoot, WhoIsNotReadyInTimeIsOverdueOnce) {
  Room room;
  EXPECT_EQ(room.boot.deadline(room.seat), kNow + 5s);
  EXPECT_FALSE(room.boot.timed_out(room.seat, kNow + 4s));
  EXPECT_TRUE(room.boot.timed_out(room.seat, kNow + 5s));
  EXPECT_EQ(room.seat.boot_error, "not ready within 5s");
  room.seat.verdict = core::DeathKind::BootFailure;
  EXPECT_FALSE(room.boot.timed_out(room.seat, kNow + 6s)) << "it is being ended";
  room.seat.verdict.reset();
  room.seat.ready = true;
  EXPECT_EQ(room.boot.deadline(room.seat), std::nullopt);
}

TEST(SpawnSpec, TheStockWorkerIsNamedAfterItsSeatAndGivenItsHandlers) {
  config::PoolConfig config;
  config.name = "images";
  config.handlers = {"thumbnail.so"};
  config.environment = {{"A", "b"}};
  const auto spec = make_spawn_spec(config, {{7, 2}, 0, "images", 3}, "/lib/worker", {"PATH=/bin"}, 0, 0);
  EXPECT_EQ(spec.path, "/lib/worker");
  EXPECT_EQ(spec.argv, (std::vector<std::string>{"ringmaster-worker: images[3]", "--handlers", "thumbnail.so"}));
  EXPECT_EQ(spec.worker, 7U);
  EXPECT_EQ(spec.incarnation, 2U);
  EXPECT_EQ(spec.env, (std::vector<std::string>{"PATH=/bin", "A=b", "RINGMASTER_POOL=images", "RINGMASTER_WORKER=3",
                                                "RINGMASTER_ABI=" + std::to_string(worker_link::kAbiVersion)}));
  EXPECT_FALSE(spec.identity);
}

TEST(SpawnSpec, AnotherUsersWorkerIsGuarded) {
  config::PoolConfig config;
  config.name = "t";
  config.command = {"/bin/app", "-x"};
  config.uid = 1000;
  const auto spec = make_spawn_spec(config, {{0, 1}, 0, "t", 0}, "/lib/worker", {}, 0, 50);
  EXPECT_EQ(spec.path, "/bin/app");
  EXPECT_EQ(spec.argv, config.command);
  ASSERT_TRUE(spec.identity);
  EXPECT_EQ(spec.identity->uid, 1000U);
  EXPECT_EQ(spec.identity->gid, 50U) << "the daemon's, where the pool names none";
  EXPECT_EQ(spec.env.back(), "RINGMASTER_GUARDED=1");
  EXPECT_NE(make_spawn_spec(config, {{0, 1}, 0, "t", 0}, "", {}, 1000, 50).env.back(), "RINGMASTER_GUARDED=1");
}

}  // namespace
}  // namespace ringmaster::daemon
