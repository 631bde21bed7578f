#include "daemon/sessions/parcels.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <vector>

#include "shm/mapping.h"
#include "shm/memfd.h"
#include "tests/unit/daemon/sessions/session_fixture.h"

namespace ringmaster::daemon {
namespace {

constexpr std::uint32_t kSerial = 7;
constexpr std::uint32_t kSlot = 2;
constexpr std::uint32_t kSeq = 9;
constexpr shm::Owner kWorker{5, 1};

/// A session of uid 1000, and the client's and the worker's sides of it.
class ParcelsTest : public ::testing::Test {
 protected:
  ParcelsTest() { house_.add(3, kSerial); }

  Session& session() { return house_.table.with_serial(kSerial)->session; }
  void word(shm::SlotWord word) { session().reply.word(kSlot).store(word.bits()); }
  void running() { word(shm::SlotWord::owned(kSeq, shm::SlotState::Running, 0, kWorker)); }

  /// The client's question.
  void ask(std::uint64_t bytes) {
    client_ = {};
    parcels_.open(session(), bytes, [this](SessionAnswer&& answer) { client_ = std::move(answer); });
  }
  /// One that it got.
  ParcelOffer get(std::uint64_t bytes) {
    ask(bytes);
    house_.daemon.answer();
    auto* offer = client_ ? std::get_if<ParcelOffer>(&*client_) : nullptr;
    EXPECT_NE(offer, nullptr);
    if (offer == nullptr) return {};
    shm::reserve_pages(offer->file.get(), 0, offer->bytes).value();
    return std::move(*offer);
  }
  [[nodiscard]] RequestRefusal refusal() const {
    const auto* refused = client_ ? std::get_if<RequestRefusal>(&*client_) : nullptr;
    return refused == nullptr ? RequestRefusal{} : *refused;
  }
  [[nodiscard]] Result<RoomGiven> claim(std::uint32_t number) {
    running();
    return parcels_.parcel({3, kSerial, kSlot, kSeq, number, kWorker});
  }
  /// The bytes that uid 1000 is charged beyond its session.
  [[nodiscard]] std::uint64_t charged() { return house_.quota.use(1000).bytes.value - session_bytes_; }
  void a_second() { house_.timers.pass(std::chrono::seconds{1}); }
  [[nodiscard]] std::size_t released() const { return house_.daemon.released.size(); }

  testing::SessionHouse house_;
  std::uint64_t session_bytes_ = testing::kSmall.request_segment_bytes() + testing::kSmall.reply_segment_bytes();
  core::GrantQuestion memory_{.available = core::gib(8)};
  Parcels::Ports ports_{house_.timers, [this](std::uint32_t, core::Bytes) { return memory_; }};
  Parcels parcels_{{house_.table, house_.quota, house_.daemon}, ports_};
  std::optional<SessionAnswer> client_;
  std::vector<UniqueFd> kept_;
};

TEST_F(ParcelsTest, TheClientGetsOneWhenItsUidIsChargedAndTheKeeperHoldsIt) {
  ask(10'000);
  EXPECT_EQ(charged(), 12'288U);
  EXPECT_FALSE(client_) << "the keeper has not said that it holds it";
  ASSERT_EQ(house_.daemon.deposited.size(), 1U);
  house_.daemon.answer();
  ASSERT_TRUE(client_);
  const auto& offer = std::get<ParcelOffer>(*client_);
  EXPECT_EQ(house_.daemon.deposited[0], keeper::make_label(keeper::DepositKind::Parcel, kSerial, offer.number));
  EXPECT_EQ(offer.bytes, 12'288U);
  EXPECT_EQ(shm::checked_segment_size(offer.file.get()).value(), 12'288U) << "nobody can make it shorter";
  EXPECT_TRUE(shm::Mapping::map(offer.file.get(), shm::Access::ReadWrite));
}

TEST_F(ParcelsTest, TheOwnerOfAJobReadsWhatItsClientWrote) {
  const ParcelOffer offer = get(5000);
  std::memcpy(shm::Mapping::map(offer.file.get(), shm::Access::ReadWrite).value().bytes().data(), "hello", 5);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto given = claim(offer.number);
    ASSERT_TRUE(given) << given.error().message;
    EXPECT_EQ(given->bytes, 8192U);
    EXPECT_EQ(
        std::memcmp(shm::Mapping::map(given->file.get(), shm::Access::ReadOnly).value().bytes().data(), "hello", 5), 0);
    EXPECT_FALSE(shm::Mapping::map(given->file.get(), shm::Access::ReadWrite)) << "it can only read";
  }
}

TEST_F(ParcelsTest, NobodyButTheOwnerOfARunningJobOfItsSessionGetsIt) {
  const ParcelOffer offer = get(5000);
  EXPECT_FALSE(parcels_.parcel({3, kSerial, kSlot, kSeq, offer.number, kWorker})) << "it has not claimed the job";
  running();
  EXPECT_FALSE(parcels_.parcel({3, kSerial, kSlot, kSeq, offer.number, {6, 1}})) << "another worker's job";
  EXPECT_FALSE(parcels_.parcel({3, kSerial, kSlot, kSeq + 1, offer.number, kWorker}));
  EXPECT_FALSE(parcels_.parcel({3, kSerial, 5000, kSeq, offer.number, kWorker}));
  EXPECT_FALSE(parcels_.parcel({3, kSerial + 1, kSlot, kSeq, offer.number, kWorker}));
  EXPECT_FALSE(claim(offer.number + 1)) << "no such parcel";
  house_.add(4, kSerial + 1)
      .session.reply.word(kSlot)
      .store(shm::SlotWord::owned(kSeq, shm::SlotState::Running, 0, kWorker).bits());
  EXPECT_FALSE(parcels_.parcel({4, kSerial + 1, kSlot, kSeq, offer.number, kWorker})) << "of another session";
  session().state = SessionState::Closing;
  EXPECT_FALSE(claim(offer.number));
}

TEST_F(ParcelsTest, OneThatTheKeeperDoesNotHoldYetIsNobodys) {
  ask(5000);
  EXPECT_FALSE(claim(1));
  house_.daemon.answer();
}

TEST_F(ParcelsTest, OneWhosePagesAreMissingIsNotGivenToAWorker) {
  ask(5000);
  house_.daemon.answer();
  const auto& offer = std::get<ParcelOffer>(*client_);
  EXPECT_FALSE(claim(offer.number)) << "it would be charged for them";
  core::GrantQuestion question;
  question.uid = 1000;
  parcels_.add_untouched(question);
  EXPECT_EQ(question.untouched.value, 8192U);
  EXPECT_EQ(question.untouched_by_uid.value, 8192U);
  shm::reserve_pages(offer.file.get(), 0, offer.bytes).value();
  EXPECT_TRUE(claim(offer.number));
  core::GrantQuestion later;
  later.uid = 1001;
  parcels_.add_untouched(later);
  EXPECT_EQ(later.untouched.value, 0U);
}

TEST_F(ParcelsTest, RefusesBeyondTheQuotaAndWithoutMemoryAndChargesNothing) {
  ask(core::gib(5).value);
  EXPECT_EQ(refusal().code, RefusalCode::Quota);
  EXPECT_NE(refusal().why.find("bytes_per_uid"), std::string::npos) << refusal().why;
  EXPECT_GT(refusal().needed, refusal().limit) << "it does not pass";
  memory_.available = core::Bytes{8192};
  ask(1 << 20);
  EXPECT_EQ(refusal().code, RefusalCode::NoMemory);
  EXPECT_NE(refusal().why.find("memory"), std::string::npos) << refusal().why;
  ask(0);
  EXPECT_EQ(refusal().code, RefusalCode::BadArgument);
  memory_.available = core::gib(8);
  ask(5000);
  house_.daemon.answer(false);
  EXPECT_EQ(refusal().code, RefusalCode::NoMemory);
  EXPECT_EQ(charged(), 0U);
}

TEST_F(ParcelsTest, IsKeptForAsLongAsItsClientHasItOpenOrMapped) {
  ParcelOffer offer = get(5000);
  auto mapped = shm::Mapping::map(offer.file.get(), shm::Access::ReadWrite).value();
  offer.file.reset();
  a_second();
  EXPECT_EQ(charged(), 8192U);
  mapped = {};
  a_second();
  EXPECT_EQ(charged(), 0U);
  EXPECT_EQ(released(), 1U);
  EXPECT_FALSE(claim(offer.number));
}

TEST_F(ParcelsTest, IsKeptForAsLongAsAWorkerReadsIt) {
  ParcelOffer offer = get(5000);
  auto given = claim(offer.number);
  ASSERT_TRUE(given);
  offer.file.reset();
  house_.table.remove(3);
  a_second();
  EXPECT_EQ(charged(), 8192U) << "also after its session";
  given->file.reset();
  a_second();
  EXPECT_EQ(charged(), 0U);
}

TEST_F(ParcelsTest, WhatIsFinishedWithIsFoundBeforeAnythingIsRefused) {
  const core::Bytes most = house_.quota.limits().bytes_per_uid;
  const std::uint64_t large = most.value - session_bytes_;
  memory_.available = core::Bytes{most.value * 8};
  ask(large);
  house_.daemon.answer();
  ASSERT_TRUE(std::holds_alternative<ParcelOffer>(*client_));
  auto first = std::move(client_);
  ask(large);
  EXPECT_EQ(refusal().code, RefusalCode::Quota) << "it is still in use";
  first.reset();
  ask(large);
  house_.daemon.answer();
  EXPECT_TRUE(std::holds_alternative<ParcelOffer>(*client_));
}

TEST_F(ParcelsTest, ASuccessorTakesUpWhatSomebodyHasOpen) {
  const int held = ::memfd_create("other", 0);
  ASSERT_EQ(::ftruncate(held, 4096), 0);
  Parcels successor({house_.table, house_.quota, house_.daemon}, ports_);
  const std::uint64_t before = charged();
  // What the keeper holds is the file as it was made; here that is a descriptor of the predecessor.
  const auto own = [&](std::uint32_t number) {
    const UniqueFd again = shm::create_request_segment("again", 8192).value();
    kept_.push_back(shm::reopen(again.get()).value());
    shm::reserve_pages(kept_.back().get(), 0, 8192).value();
    successor.adopt(kSerial, number, UniqueFd(::dup(again.get())));
  };
  own(40);
  EXPECT_EQ(charged(), before + 8192U);
  successor.adopt(kSerial, 41, UniqueFd(held));
  EXPECT_EQ(charged(), before + 8192U) << "nobody has it open";
  successor.adopt(kSerial + 1, 42, UniqueFd(::dup(kept_.back().get())));
  EXPECT_EQ(charged(), before + 8192U) << "no such session";
  EXPECT_EQ(released(), 2U) << "the keeper closes what is not wanted";
  running();
  EXPECT_TRUE(successor.parcel({3, kSerial, kSlot, kSeq, 40, kWorker}));
  successor.open(session(), 5000, [this](SessionAnswer&& answer) { client_ = std::move(answer); });
  house_.daemon.answer();
  EXPECT_EQ(std::get<ParcelOffer>(*client_).number, 43U) << "no number twice";
}

}  // namespace
}  // namespace ringmaster::daemon
