#include "proto/worker_link.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace ringmaster::worker_link {
namespace {

Attach some_attach() {
  Attach attach;
  attach.index = 7;
  attach.serial = 42;
  attach.uid = 1000;
  attach.same_uid = true;
  attach.weight = 3;
  attach.slots = 256;
  attach.request_segment_bytes = 1 << 21;
  attach.reply_segment_bytes = 1 << 22;
  attach.request_ring_bytes = 1 << 20;
  attach.result_ring_bytes = 1 << 21;
  return attach;
}

TEST(WorkerLink, AttachComesBackAsItWentAndWantsThreeDescriptors) {
  const ToWorker message = some_attach();
  const auto packet = encode(message);
  EXPECT_EQ(fds_of(message), 3U);
  const auto back = decode_to_worker(packet, 3);
  ASSERT_TRUE(back) << back.error().message;
  const auto& attach = std::get<Attach>(*back);
  EXPECT_EQ(attach.index, 7U);
  EXPECT_EQ(attach.serial, 42U);
  EXPECT_TRUE(attach.same_uid);
  EXPECT_EQ(attach.weight, 3U);
  EXPECT_EQ(attach.result_ring_bytes, std::uint64_t{1} << 21);
  EXPECT_FALSE(decode_to_worker(packet, 2));
  EXPECT_FALSE(decode_to_supervisor(packet, 3));
}

TEST(WorkerLink, AttachOutOfRangeIsRefused) {
  const auto refused = [](auto change) {
    Attach attach = some_attach();
    change(attach);
    return !decode_to_worker(encode(ToWorker(attach)), 3);
  };
  EXPECT_TRUE(refused([](Attach& a) { a.index = kMaxSessions; }));
  EXPECT_TRUE(refused([](Attach& a) { a.serial = 0; }));
  EXPECT_TRUE(refused([](Attach& a) { a.slots = 0; }));
  EXPECT_TRUE(refused([](Attach& a) { a.slots = kMaxSlots + 1; }));
  EXPECT_TRUE(refused([](Attach& a) { a.weight = 0; }));
  EXPECT_TRUE(refused([](Attach& a) { a.priority = kClasses; }));
  EXPECT_TRUE(refused([](Attach& a) { a.request_ring_bytes = a.request_segment_bytes; }));
}

AskRoom some_question() {
  AskRoom ask;
  ask.number = 5;
  ask.index = 7;
  ask.serial = 42;
  ask.slot = 3;
  ask.seq = 99;
  ask.has = 4096;
  ask.needed = 5000;
  ask.wished = 8192;
  return ask;
}

TEST(WorkerLink, AQuestionForRoomAndItsAnswersComeBack) {
  const auto ask = std::get<AskRoom>(*decode_to_supervisor(encode(ToSupervisor(some_question())), 0));
  EXPECT_EQ(ask.number, 5U);
  EXPECT_EQ(ask.index, 7U);
  EXPECT_EQ(ask.serial, 42U);
  EXPECT_EQ(ask.slot, 3U);
  EXPECT_EQ(ask.seq, 99U);
  EXPECT_EQ(ask.has, 4096U);
  EXPECT_EQ(ask.needed, 5000U);
  EXPECT_EQ(ask.wished, 8192U);
  const ToWorker given = Room{5, 8192};
  EXPECT_EQ(fds_of(given), 1U);
  EXPECT_EQ(std::get<Room>(*decode_to_worker(encode(given), 1)).bytes, 8192U);
  EXPECT_FALSE(decode_to_worker(encode(given), 0)) << "without the file";
  const auto none = std::get<NoRoom>(*decode_to_worker(encode(ToWorker(NoRoom{5, "why not"})), 0));
  EXPECT_EQ(none.number, 5U);
  EXPECT_EQ(none.why, "why not");
  EXPECT_TRUE(decode_to_worker(encode(ToWorker(NoRoom{5, std::string(5000, 'x')})), 0)) << "cut";
}

TEST(WorkerLink, AQuestionForAParcelComesBackOrIsRefused) {
  const AskParcel asks{5, 7, 42, 3, 99, 0xFFFFFFFF};
  const auto ask = std::get<AskParcel>(*decode_to_supervisor(encode(ToSupervisor(asks)), 0));
  EXPECT_EQ(ask.number, 5U);
  EXPECT_EQ(ask.index, 7U);
  EXPECT_EQ(ask.serial, 42U);
  EXPECT_EQ(ask.slot, 3U);
  EXPECT_EQ(ask.seq, 99U);
  EXPECT_EQ(ask.parcel, 0xFFFFFFFFU);
  const auto refused = [&](auto change) {
    AskParcel wrong = asks;
    change(wrong);
    return !decode_to_supervisor(encode(ToSupervisor(wrong)), 0);
  };
  EXPECT_TRUE(refused([](AskParcel& a) { a.number = 0; }));
  EXPECT_TRUE(refused([](AskParcel& a) { a.index = kMaxSessions; }));
  EXPECT_TRUE(refused([](AskParcel& a) { a.serial = 0; }));
  EXPECT_TRUE(refused([](AskParcel& a) { a.slot = kMaxSlots; }));
  EXPECT_TRUE(refused([](AskParcel& a) { a.seq = 0; }));
}

TEST(WorkerLink, OutputComesBackOrIsRefused) {
  const Output said{true, 3, 99, std::vector<std::byte>(kMaxOutputBytes, std::byte{'x'})};
  auto packet = encode(ToSupervisor(said));
  const auto output = std::get<Output>(*decode_to_supervisor(packet, 0));
  EXPECT_TRUE(output.standard_error);
  EXPECT_EQ(output.lost, 3U);
  EXPECT_EQ(output.job, 99U);
  EXPECT_EQ(output.bytes, said.bytes);
  EXPECT_TRUE(std::get<Output>(*decode_to_supervisor(encode(ToSupervisor(Output{})), 0)).bytes.empty());
  packet[8] = std::byte{2};
  EXPECT_FALSE(decode_to_supervisor(packet, 0)) << "there are two streams";
  packet[8] = std::byte{1};
  packet.push_back(std::byte{'x'});
  packet[4] = static_cast<std::byte>(packet.size());
  packet[5] = static_cast<std::byte>(packet.size() >> 8);
  EXPECT_FALSE(decode_to_supervisor(packet, 0)) << "too long";
}

TEST(WorkerLink, AQuestionForRoomOutOfRangeIsRefused) {
  const auto refused = [](auto change) {
    AskRoom ask = some_question();
    change(ask);
    return !decode_to_supervisor(encode(ToSupervisor(ask)), 0);
  };
  EXPECT_TRUE(refused([](AskRoom& a) { a.number = 0; }));
  EXPECT_TRUE(refused([](AskRoom& a) { a.index = kMaxSessions; }));
  EXPECT_TRUE(refused([](AskRoom& a) { a.serial = 0; }));
  EXPECT_TRUE(refused([](AskRoom& a) { a.slot = kMaxSlots; }));
  EXPECT_TRUE(refused([](AskRoom& a) { a.seq = 0; }));
  EXPECT_TRUE(refused([](AskRoom& a) { a.has = a.needed; }));
  EXPECT_TRUE(refused([](AskRoom& a) { a.wished = a.needed - 1; }));
  EXPECT_FALSE(decode_to_worker(encode(ToWorker(Room{0, 4096})), 1));
  EXPECT_FALSE(decode_to_worker(encode(ToWorker(Room{1, 0})), 1));
}

TEST(WorkerLink, ControlMessagesComeBack) {
  EXPECT_EQ(std::get<Detach>(*decode_to_worker(encode(ToWorker(Detach{3, 9})), 0)).serial, 9U);
  EXPECT_FALSE(std::get<Claiming>(*decode_to_worker(encode(ToWorker(Claiming{false})), 0)).paused);
  EXPECT_TRUE(std::holds_alternative<Exit>(*decode_to_worker(encode(ToWorker(Exit{})), 0)));
  Settings settings;
  settings.spin_ns = 0;
  settings.grace_ns = 5;
  settings.keep_leftovers = true;
  const auto back = std::get<Settings>(*decode_to_worker(encode(ToWorker(settings)), 0));
  EXPECT_EQ(back.spin_ns, 0U);
  EXPECT_EQ(back.grace_ns, 5U);
  EXPECT_TRUE(back.keep_leftovers);
  EXPECT_EQ(back.idle_wait_ns, settings.idle_wait_ns);
}

TEST(WorkerLink, ReportsComeBack) {
  EXPECT_EQ(std::get<Hello>(*decode_to_supervisor(encode(ToSupervisor(Hello{1, 77})), 0)).pid, 77U);
  EXPECT_TRUE(std::holds_alternative<Ready>(*decode_to_supervisor(encode(ToSupervisor(Ready{})), 0)));
  EXPECT_TRUE(std::holds_alternative<Leaving>(*decode_to_supervisor(encode(ToSupervisor(Leaving{})), 0)));
  EXPECT_EQ(std::get<Attached>(*decode_to_supervisor(encode(ToSupervisor(Attached{1, 2})), 0)).index, 1U);
  EXPECT_EQ(std::get<Detached>(*decode_to_supervisor(encode(ToSupervisor(Detached{1, 2})), 0)).serial, 2U);
  const SessionBroken broken{1, 2, BrokenReason::WordTampered, 5};
  const auto back = std::get<SessionBroken>(*decode_to_supervisor(encode(ToSupervisor(broken)), 0));
  EXPECT_EQ(back.reason, BrokenReason::WordTampered);
  EXPECT_EQ(back.detail, 5U);
  const auto left = decode_to_supervisor(encode(ToSupervisor(Leftovers{8, 9, 2, 3, 4, 5, "a\x1b(pid 7)"})), 0);
  const auto& leftovers = std::get<Leftovers>(*left);
  EXPECT_EQ(leftovers.first_job, 8U);
  EXPECT_EQ(leftovers.last_job, 9U);
  EXPECT_EQ(leftovers.jobs, 2U);
  EXPECT_EQ(leftovers.ended, 3U);
  EXPECT_EQ(leftovers.kept, 4U);
  EXPECT_EQ(leftovers.reaped, 5U);
  EXPECT_EQ(leftovers.names, "a?(pid 7)");
  const auto boot = decode_to_supervisor(encode(ToSupervisor(BootFailed{"no \x1b[31mlibrary"})), 0);
  EXPECT_EQ(std::get<BootFailed>(*boot).text, "no ?[31mlibrary");
}

TEST(WorkerLink, AFaultComesBackAlsoAsAHandlerWritesIt) {
  const Fault fault{11, 1, 0x10, 0x4000, 77, "uncaught std::logic_error: \x1b bad"};
  const auto packet = encode(ToSupervisor(fault));
  EXPECT_EQ(packet.size(), sizeof(FaultPacket));
  const auto back = std::get<Fault>(*decode_to_supervisor(packet, 0));
  EXPECT_EQ(back.signal, 11);
  EXPECT_EQ(back.address, 0x10U);
  EXPECT_EQ(back.pc, 0x4000U);
  EXPECT_EQ(back.tid, 77U);
  EXPECT_EQ(back.text, "uncaught std::logic_error: ? bad");
  FaultPacket raw;
  raw.signal = 64;
  EXPECT_FALSE(decode_to_supervisor(std::as_bytes(std::span(&raw, 1)), 0)) << "no fault's signal";
  raw.signal = 6;
  std::memset(raw.text, 'x', sizeof raw.text);  // without its end
  EXPECT_EQ(std::get<Fault>(*decode_to_supervisor(std::as_bytes(std::span(&raw, 1)), 0)).text.size(),
            kFaultTextBytes - 1);
}

TEST(WorkerLink, AWorkerThatSendsDescriptorsOrUnknownReasonsIsRefused) {
  EXPECT_FALSE(decode_to_supervisor(encode(ToSupervisor(Ready{})), 1));
  auto packet = encode(ToSupervisor(SessionBroken{1, 2, BrokenReason::BadIndex, 0}));
  packet[16] = std::byte{99};
  EXPECT_FALSE(decode_to_supervisor(packet, 0));
}

TEST(WorkerLink, ChunksCarryTheWholeTable) {
  std::vector<std::byte> table(kMaxChunkBytes * 2 + 1);
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = static_cast<std::byte>(i * 7);
  std::vector<std::byte> joined;
  const auto chunks = to_chunks(table);
  ASSERT_EQ(chunks.size(), 3U);
  for (const HandlersChunk& chunk : chunks) {
    const auto packet = encode(ToSupervisor(chunk));
    EXPECT_LE(packet.size(), kMaxMessageBytes);
    const auto back = std::get<HandlersChunk>(*decode_to_supervisor(packet, 0));
    EXPECT_EQ(back.last, &chunk == &chunks.back());
    joined.insert(joined.end(), back.bytes.begin(), back.bytes.end());
  }
  EXPECT_EQ(joined, table);
  EXPECT_EQ(to_chunks({}).size(), 1U);
}

TEST(WorkerLink, RandomPacketsNeverFault) {
  std::mt19937 random(2);
  const auto seed = encode(ToWorker(some_attach()));
  for (int round = 0; round < 20'000; ++round) {
    auto packet = seed;
    packet[random() % packet.size()] = static_cast<std::byte>(random());
    packet.resize(random() % 3 == 0 ? random() % (packet.size() + 1) : packet.size());
    (void)decode_to_worker(packet, 3);
    (void)decode_to_supervisor(packet, 0);
  }
}

}  // namespace
}  // namespace ringmaster::worker_link
