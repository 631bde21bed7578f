#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <random>

#include "daemon/keeper/message_check.h"
#include "daemon/link/keeper_codec.h"

namespace ringmaster::keeper {
namespace {

SpawnSpec full_spec() {
  SpawnSpec spec;
  spec.worker = 7;
  spec.incarnation = 8;
  spec.path = "/usr/bin/worker";
  spec.cwd = "/var";
  spec.argv = {"ringmaster-worker: images[0]", "", "x"};
  spec.env = {"A=1", "B="};
  spec.identity = {33, 34, {7, 8}};
  spec.nice = 5;
  spec.oom_score_adj = -10;
  spec.rlimits = {{RLIMIT_AS, 1 << 20, 1 << 21}};
  spec.fd_count = 8;
  spec.has_cgroup = true;
  return spec;
}

class SpawnMessageTest : public testing::Test {
 protected:
  int read(Packet& packet, std::size_t fds = 9) { return read_spawn(packet, fds, *request_); }
  // Encodes `spec` after `change` was applied to the message's bytes.
  int read_changed(void (*change)(SpawnMessage&), std::size_t fds = 9) {
    Packet packet = encode_spawn(1, full_spec()).value();
    SpawnMessage message;
    std::memcpy(&message, packet.data(), sizeof message);
    change(message);
    std::memcpy(packet.data(), &message, sizeof message);
    return read(packet, fds);
  }
  std::unique_ptr<SpawnRequest> request_ = std::make_unique<SpawnRequest>();
};

TEST_F(SpawnMessageTest, SurvivesTheWay) {
  Packet packet = encode_spawn(55, full_spec()).value();
  EXPECT_EQ(check_header(packet), MessageType::Spawn);
  ASSERT_EQ(read(packet), 0);
  EXPECT_EQ(request_->message.serial, 55u);
  EXPECT_EQ(request_->message.worker, 7u);
  EXPECT_EQ(request_->message.uid, 33u);
  EXPECT_EQ(request_->message.gid, 34u);
  EXPECT_EQ(request_->message.group_count, 2u);
  EXPECT_EQ(request_->message.groups[1], 8u);
  EXPECT_EQ(request_->message.flags, kSpawnSetUid | kSpawnSetNice | kSpawnHasCgroup);
  EXPECT_EQ(request_->message.rlimits[0].hard, 1u << 21);
  EXPECT_STREQ(request_->path, "/usr/bin/worker");
  EXPECT_STREQ(request_->cwd, "/var");
  EXPECT_STREQ(request_->argv[0], "ringmaster-worker: images[0]");
  EXPECT_STREQ(request_->argv[1], "");
  EXPECT_STREQ(request_->argv[2], "x");
  EXPECT_EQ(request_->argv[3], nullptr);
  EXPECT_STREQ(request_->env[1], "B=");
  EXPECT_EQ(request_->env[2], nullptr);
}

TEST_F(SpawnMessageTest, RefusesCountsThatDoNotAgree) {
  EXPECT_EQ(read_changed([](SpawnMessage&) {}), 0);
  EXPECT_EQ(read_changed([](SpawnMessage&) {}, 8), EBADMSG);
  EXPECT_EQ(read_changed([](SpawnMessage& m) { ++m.arg_count; }), EBADMSG);
  EXPECT_EQ(read_changed([](SpawnMessage& m) { --m.env_count; }), EBADMSG);
  EXPECT_EQ(read_changed([](SpawnMessage& m) { m.arg_count = 0xffffffff; }), EBADMSG);
  EXPECT_EQ(read_changed([](SpawnMessage& m) { m.arg_count = 0; }), EBADMSG);
  EXPECT_EQ(read_changed([](SpawnMessage& m) { m.env_count = kMaxSpawnEnv + 1; }), EBADMSG);
  EXPECT_EQ(read_changed([](SpawnMessage& m) { m.rlimit_count = kMaxSpawnRlimits + 1; }), EBADMSG);
  EXPECT_EQ(read_changed([](SpawnMessage& m) { m.group_count = kMaxSpawnGroups + 1; }), EBADMSG);
  EXPECT_EQ(read_changed([](SpawnMessage& m) { m.strings_size += 1; }), EBADMSG);
  EXPECT_EQ(read_changed([](SpawnMessage& m) { m.strings_size = 0xffffffff; }), EBADMSG);
  EXPECT_EQ(read_changed([](SpawnMessage& m) { m.fd_count = 2; }, 3), EBADMSG);
  EXPECT_EQ(read_changed([](SpawnMessage& m) { m.fd_count = 0xffffffff; }, 0), EBADMSG);
}

TEST_F(SpawnMessageTest, RefusesImpossibleValues) {
  EXPECT_EQ(read_changed([](SpawnMessage& m) { m.flags |= 0x100; }), EINVAL);
  EXPECT_EQ(read_changed([](SpawnMessage& m) { m.uid = 0xffffffff; }), EINVAL) << "would leave the uid as it is";
  EXPECT_EQ(read_changed([](SpawnMessage& m) { m.gid = 0xffffffff; }), EINVAL);
  EXPECT_EQ(read_changed([](SpawnMessage& m) { m.oom_score_adj = 1001; }), EINVAL);
  EXPECT_EQ(read_changed([](SpawnMessage& m) { m.rlimits[0].resource = 99; }), EINVAL);
}

TEST_F(SpawnMessageTest, SurvivesEveryTruncationAndRandomBytes) {
  const Packet whole = encode_spawn(1, full_spec()).value();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Packet part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_NE(read(part), 0) << size;
  }
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    Packet packet = whole;
    for (int i = 0; i < 4; ++i) packet[random() % packet.size()] = static_cast<std::byte>(random());
    static_cast<void>(read(packet));
  }
}

TEST(SpawnEncoding, RefusesWhatTheLinkCannotCarryWithASentence) {
  SpawnSpec spec = full_spec();
  spec.env.assign(1, "BIG=" + std::string(60'000, 'x'));
  const auto big = encode_spawn(1, spec);
  ASSERT_FALSE(big);
  EXPECT_NE(big.error().message.find("60"), std::string::npos) << big.error().message;
  spec = full_spec();
  spec.argv[1] = std::string("a\0b", 3);
  EXPECT_FALSE(encode_spawn(1, spec));
  spec = full_spec();
  spec.argv.clear();
  EXPECT_FALSE(encode_spawn(1, spec));
  spec = full_spec();
  spec.fd_count = 9;
  EXPECT_FALSE(encode_spawn(1, spec));
}

TEST(Header, MustTellTheTrueSizeAndThisVersion) {
  Packet packet = encode_exit_ack(1, 2);
  EXPECT_EQ(check_header(packet), MessageType::ExitAck);
  packet.push_back(std::byte{0});
  EXPECT_FALSE(check_header(packet));
  packet.pop_back();
  packet[0] = std::byte{9};
  EXPECT_FALSE(check_header(packet));
  EXPECT_FALSE(check_header(std::span(packet).first(5)));
}

TEST(NotifyText, OnlyWhatASupervisorMaySay) {
  for (const char* const good : {"READY=1", "READY=1\nSTATUS=all is well\n", "STOPPING=1",
                                 "EXTEND_TIMEOUT_USEC=5000000", "ERRNO=2", "STATUS="}) {
    EXPECT_TRUE(notify_text_allowed(good)) << good;
  }
  for (const char* const bad : {"", "MAINPID=1", "READY=1\nMAINPID=1", "WATCHDOG=1", "FDSTORE=1", "READY=0", "READY",
                                "\nREADY=1", "STATUS=a\tb", "ERRNO=", "ERRNO=x", "READY=1\n\n"}) {
    EXPECT_FALSE(notify_text_allowed(bad)) << bad;
  }
  EXPECT_FALSE(notify_text_allowed("STATUS=" + std::string(kMaxNotifyText, 'x')));
}

TEST(KeeperEventDecoding, ReadsEachKindAndRefusesOthers) {
  ExitedMessage message;
  message.header.type = static_cast<std::uint16_t>(MessageType::Exited);
  message.header.size = sizeof message;
  message.exit.worker = 6;
  message.exit.status = 9;
  const auto bytes = std::as_bytes(std::span(&message, 1));
  const auto event = decode_keeper_event(bytes);
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<ExitRecord>(*event).worker, 6u);
  EXPECT_FALSE(decode_keeper_event(bytes.first(bytes.size() - 1)));
  EXPECT_FALSE(decode_keeper_event(encode_exit_ack(1, 1))) << "a message of the supervisor's own";
}

TEST(InheritedTableDecoding, RefusesCountsThatDoNotAgreeWithTheSize) {
  InheritedHeader header;
  header.deposits = 1;
  InheritedDeposit deposit{make_label(DepositKind::Ledger), 17};
  std::vector<std::byte> bytes(sizeof header + sizeof deposit);
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + sizeof header, &deposit, sizeof deposit);
  const auto table = decode_inherited_table(bytes);
  ASSERT_TRUE(table);
  ASSERT_EQ(table->deposits.size(), 1u);
  EXPECT_EQ(table->deposits[0].fd, 17);
  bytes.push_back(std::byte{0});
  EXPECT_FALSE(decode_inherited_table(bytes));
  bytes.resize(sizeof header + 3);
  EXPECT_FALSE(decode_inherited_table(bytes));
  header.deposits = 0xffffffff;
  std::memcpy(bytes.data(), &header, sizeof header);
  EXPECT_FALSE(decode_inherited_table(bytes));
  header.magic = 1;
  std::memcpy(bytes.data(), &header, sizeof header);
  EXPECT_FALSE(decode_inherited_table(bytes));
}

}  // namespace
}  // namespace ringmaster::keeper
