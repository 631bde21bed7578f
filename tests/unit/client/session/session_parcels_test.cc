#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "shm/memfd.h"
#include "shm/port/worker_port.h"
#include "tests/testing/fake_pool.h"

namespace ringmaster::testing {
namespace {

/// A session whose request ring has 4 KiB, and a daemon that makes parcels.
struct Parcelled {
  Parcelled() {
    core->asks({nullptr, nullptr, [this](std::uint64_t bytes) -> Submission<client::ParcelGiven> {
                  ++asked;
                  if (refuse > 0) {
                    --refuse;
                    return Refusal{why, "the daemon says no"};
                  }
                  file = shm::create_request_segment("parcel", bytes).value();
                  return client::ParcelGiven{kNumber, shm::checked_segment_size(file.get()).value(),
                                             shm::reopen(file.get()).value()};
                }});
  }
  [[nodiscard]] bool in_use() const { return shm::open_elsewhere(file.get()) == shm::OpenElsewhere::Yes; }
  [[nodiscard]] Submission<Request> filled(std::size_t bytes, Duration wait = Duration(0)) {
    auto request = core->allocate(bytes, wait);
    if (request) std::memset(request->bytes().data(), 'x', bytes);
    return request;
  }
  /// One worker's turn; what the job's request is, by parcel and descriptor.
  std::string step() {
    std::string text;
    EXPECT_TRUE(pool.step([&](const shm::Claim& claim, const shm::JobExtents& extents) {
      EXPECT_TRUE(extents.request.empty());
      EXPECT_EQ(claim.job.request_line, shm::kRequestInParcel);
      EXPECT_EQ(shm::parcel_of(pool.session(), claim), kNumber);
      arguments = extents.arguments.size();
      const auto bytes = shm::Mapping::map(file.get(), shm::Access::ReadOnly).value();
      text.assign(reinterpret_cast<const char*>(bytes.bytes().data()), claim.job.request_bytes);
      return shm::JobResult{};
    }));
    return text;
  }

  static constexpr std::uint32_t kNumber = 12;
  static constexpr std::size_t kLarge = 100'000;
  FakePool pool{{64, 4096, 1 << 20}};
  std::shared_ptr<client::SessionCore> core = pool.connect();
  UniqueFd file;
  unsigned asked = 0;
  int refuse = 0;
  SubmitError why = SubmitError::QueueFull;
  std::size_t arguments = 0;
};

TEST(SessionParcels, ARequestThatTheRingNeverHoldsLiesInOne) {
  Parcelled session;
  auto request = session.filled(Parcelled::kLarge);
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->bytes().size(), Parcelled::kLarge);
  EXPECT_GE(shm::allocated_bytes(session.file.get()), Parcelled::kLarge) << "its pages are this process's";
  EXPECT_FALSE(shm::Mapping::map(session.file.get(), shm::Access::ReadWrite)) << "and nobody else can write it";
  const auto job = session.core->submit("echo", *request, {}, {});
  ASSERT_TRUE(job) << job.error().message;
  EXPECT_TRUE(request->bytes().empty()) << "the job owns it now";
  EXPECT_EQ(session.step(), std::string(Parcelled::kLarge, 'x'));
  EXPECT_TRUE(session.in_use()) << "until the outcome is taken: it might be run again";
  EXPECT_TRUE(session.core->wait(*job, kForever)->ok());
  EXPECT_FALSE(session.in_use());
}

TEST(SessionParcels, OneThatIsMadeSmallerStaysInItsParcel) {
  Parcelled session;
  auto request = session.filled(Parcelled::kLarge);
  ASSERT_TRUE(request);
  request->shrink(3);
  ASSERT_TRUE(session.core->submit("echo", *request, {}, {}));
  EXPECT_EQ(session.step(), "xxx");
}

TEST(SessionParcels, ItsArgumentsLieInTheRing) {
  Parcelled session;
  auto request = session.filled(Parcelled::kLarge);
  ASSERT_TRUE(request);
  EXPECT_EQ(session.core->submit("sized", *request, {{"width", "3"}}, {}).error().error, SubmitError::TooLarge)
      << "the handler's own limit counts";
  request->shrink(100);
  ASSERT_TRUE(session.core->submit("sized", *request, {{"width", "3"}}, {}));
  EXPECT_EQ(session.step().size(), 100U);
  EXPECT_NE(session.arguments, 0U);
}

TEST(SessionParcels, OneThatIsNotSubmittedIsGivenBack) {
  Parcelled session;
  {
    const auto request = session.filled(Parcelled::kLarge);
    ASSERT_TRUE(request);
    EXPECT_TRUE(session.in_use());
  }
  EXPECT_FALSE(session.in_use());
}

TEST(SessionParcels, OneOfAnAbandonedJobIsGivenBackWhenTheNextIsAskedFor) {
  Parcelled session;
  auto request = session.filled(Parcelled::kLarge);
  ASSERT_TRUE(request);
  session.core->abandon(session.core->submit("echo", *request, {}, {}).value());
  const UniqueFd first(::dup(session.file.get()));
  ASSERT_TRUE(session.filled(Parcelled::kLarge));
  EXPECT_EQ(shm::open_elsewhere(first.get()), shm::OpenElsewhere::No);
}

TEST(SessionParcels, WaitsWhereOneMayBeHadLater) {
  Parcelled session;
  session.refuse = 2;
  const auto refused = session.core->allocate(Parcelled::kLarge, Duration(0));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error, SubmitError::QueueFull);
  EXPECT_NE(refused.error().message.find("the daemon says no"), std::string::npos);
  EXPECT_TRUE(session.filled(Parcelled::kLarge, std::chrono::minutes(1)));
  EXPECT_EQ(session.asked, 3U);
  session.refuse = 1;
  session.why = SubmitError::TooLarge;
  EXPECT_EQ(session.core->allocate(Parcelled::kLarge, std::chrono::minutes(1)).error().error, SubmitError::TooLarge)
      << "what does not pass is not waited for";
}

TEST(SessionParcels, AreNotAskedForWhereTheRingHasRoom) {
  Parcelled session;
  EXPECT_TRUE(session.core->allocate(4096, Duration(0)));
  EXPECT_EQ(session.asked, 0U);
}

TEST(SessionParcels, AreAskedForWhereTheRingHasNoRoomBesideTheArguments) {
  Parcelled session;
  EXPECT_TRUE(session.core->allocate(4096 - 64, Duration(0), 64));
  EXPECT_EQ(session.asked, 0U);
  EXPECT_TRUE(session.core->allocate(4096 - 64, Duration(0), 65));
  EXPECT_EQ(session.asked, 1U);
  session.core->close();
}

TEST(SessionParcels, AClosedSessionAsksForNone) {
  Parcelled session;
  session.core->close();
  EXPECT_EQ(session.core->allocate(Parcelled::kLarge, Duration(0)).error().error, SubmitError::SessionClosed);
  EXPECT_EQ(session.asked, 0U);
}

TEST(SessionParcels, AreNoneOfAForkedChilds) {
  Parcelled session;
  auto request = session.filled(Parcelled::kLarge);
  ASSERT_TRUE(request);
  const pid_t child = ::fork();
  if (child == 0) {
    const bool empty = request->bytes().empty();
    const bool refused = !session.core->allocate(Parcelled::kLarge, Duration(0));
    session.core.reset();
    ::_exit(empty && refused ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace ringmaster::testing
