#include "shm/memfd.h"
#include "tests/unit/worker/job/worker_rig.h"

namespace ringmaster::worker {
namespace {

/// A client that has written a parcel, and a supervisor that has it.
class ParcelRig : public WorkerRig {
 protected:
  Result<ResultRoom::Given> give(const worker_link::AskParcel& ask) override {
    ++questions_;
    parcel_asked_ = ask;
    if (!parcel_) return Error{"its session does not have it"};
    return ResultRoom::Given{bytes_, shm::reopen_read_only(parcel_.get()).value()};
  }
  void parcel(std::string_view text) {
    parcel_ = shm::create_request_segment("parcel", text.size()).value();
    bytes_ = shm::checked_segment_size(parcel_.get()).value();
    std::memcpy(shm::Mapping::map(parcel_.get(), shm::Access::ReadWrite).value().bytes().data(), text.data(),
                text.size());
  }
  void submit_parcel(std::string_view handler, std::uint64_t bytes, std::uint64_t capacity = 4096) {
    submit(handler, {}, 0, capacity);
    shm::JobDescriptor& job = request_.descriptor(0);
    job.request_line = shm::kRequestInParcel;
    job.request_bytes = bytes;
    job.parcel = 12;
  }
  [[nodiscard]] std::string result() const {
    return {reinterpret_cast<const char*>(reply_.ring()), reply_.line(0).result_bytes};
  }
  [[nodiscard]] bool held() const { return shm::open_elsewhere(parcel_.get()) == shm::OpenElsewhere::Yes; }

  UniqueFd parcel_;
  std::uint64_t bytes_ = 0;
  worker_link::AskParcel parcel_asked_;
  unsigned questions_ = 0;
};

TEST_F(ParcelRig, ARequestInAParcelIsReadInPlaceAndLetGo) {
  parcel("hello");
  submit_parcel("echo", 5);
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().state(), shm::SlotState::Done);
  EXPECT_EQ(result(), "hello");
  EXPECT_EQ(parcel_asked_.index, 1U);
  EXPECT_EQ(parcel_asked_.serial, 1U);
  EXPECT_EQ(parcel_asked_.slot, 0U);
  EXPECT_EQ(parcel_asked_.seq, seq_);
  EXPECT_EQ(parcel_asked_.parcel, 12U);
  EXPECT_FALSE(held());
  submit("echo", "next");
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(result(), "next");
  EXPECT_EQ(questions_, 1U) << "only for a parcel";
}

TEST_F(ParcelRig, ARequestOfAnotherUidIsCopied) {
  session_ = attach(2, 2, 1000, 0, 1, false);
  parcel("hello");
  submit_parcel("echo", 5);
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(result(), "hello");
  submit_parcel("upper", 5);
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(result(), "HELLO");
}

TEST_F(ParcelRig, AHandlerMayWriteItsOwnCopy) {
  parcel("hello");
  submit_parcel("upper", 5);
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(result(), "HELLO");
  submit_parcel("echo", 5);
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(result(), "hello") << "the parcel is as its client wrote it";
  EXPECT_FALSE(held());
}

TEST_F(ParcelRig, ALyingClientReadsNothingBeyondItsParcel) {
  parcel("hello");
  submit_parcel("echo", bytes_ + 1);
  EXPECT_EQ(run_next(), RunStatus::Finished) << "its session goes on";
  EXPECT_EQ(word().cause(), Cause::Invalid);
  EXPECT_NE(message().find("longer than its parcel"), std::string::npos) << message();
  submit_parcel("echo", UINT64_MAX);
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().cause(), Cause::Invalid);
  EXPECT_FALSE(held());
}

TEST_F(ParcelRig, OneThatItsSessionDoesNotHaveEndsTheJob) {
  submit_parcel("echo", 5);
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().cause(), Cause::Invalid);
  EXPECT_EQ(message(), "its session does not have it");
}

TEST_F(ParcelRig, OneThatCanChangeItsSizeIsRefused) {
  parcel_ = shm::create_spilled("grows").value();
  shm::lengthen_spilled(parcel_.get(), 4096).value();
  bytes_ = 4096;
  submit_parcel("echo", 5);
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().cause(), Cause::Invalid);
}

TEST_F(ParcelRig, IsNotAskedForWhereTheJobCannotRun) {
  parcel("hello");
  submit_parcel("nosuch", 5);
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().cause(), Cause::UnknownHandler);
  submit_parcel("echo", 5);
  request_.cancel(0).store(seq_);
  EXPECT_EQ(run_next(), RunStatus::Finished);
  EXPECT_EQ(word().cause(), Cause::Cancelled);
  submit_parcel("echo", 5);
  request_.descriptor(0).arguments_line = shm::kRequestInParcel;
  EXPECT_EQ(run_next(), RunStatus::BadDescriptor) << "the rest must lie in its rings";
  EXPECT_EQ(questions_, 0U);
}

}  // namespace
}  // namespace ringmaster::worker
