#include "client/session/job_draft.h"

#include <gtest/gtest.h>

#include "client/types/whole_ms.h"
#include "proto/handler_id.h"
#include "shm/heap/request_room.h"
#include "shm/job_label.h"

namespace ringmaster::client {
namespace {

SessionFacts facts() {
  SessionFacts facts;
  facts.pool = "images";
  facts.handlers_known = true;
  facts.longest_timeout = std::chrono::hours(1);
  facts.shortest_timeout = std::chrono::milliseconds(10);
  HandlerDescription echo;
  echo.name = "echo";
  echo.result_constant = 64;
  echo.result_factor = 1;
  HandlerDescription sized = echo;
  sized.name = "sized";
  sized.arguments.emplace_back().name = "width";
  facts.handlers = {echo, sized};
  return facts;
}

struct Drafting {
  const SessionFacts known = facts();
  JobDrafter drafter{known, 4096, 2048};
  JobDraft draft;
};

TEST(JobDraft, FillsEachFieldOfTheDescriptorThatIsKnown) {
  Drafting d;
  const PlacedRequest request{7, 128, 100, 256};
  ASSERT_FALSE(d.drafter.draft("echo", request, {},
                               {.timeout = std::chrono::microseconds(10'500),
                                .queue_timeout = std::chrono::seconds(2),
                                .idempotent = true,
                                .label = "invoice.js#render"},
                               d.draft));
  EXPECT_EQ(d.draft.job.handler, wire::handler_id("echo"));
  EXPECT_EQ(d.draft.job.flags, shm::kJobIdempotent | shm::kJobTakesSpilled);
  EXPECT_EQ(d.draft.job.request_line, 2U);
  EXPECT_EQ(d.draft.job.request_bytes, 100U);
  EXPECT_EQ(d.draft.job.result_capacity, 164U) << "the handler's rule";
  EXPECT_EQ(d.draft.job.run_timeout_ms, 11U) << "rounded up";
  EXPECT_EQ(d.draft.job.queue_timeout_ms, 2000U);
  EXPECT_EQ(d.draft.job.seq, 0U);
  EXPECT_EQ(d.draft.job.arguments_bytes, 0U);
  EXPECT_EQ(d.draft.job.cookie[0] | d.draft.job.cookie[1], 0U);
  EXPECT_EQ(shm::read_label(d.draft.job), "invoice.js#render");
  EXPECT_EQ(d.draft.request_extent, 7U);
  EXPECT_TRUE(d.draft.arguments.empty());
}

TEST(JobDraft, KeepsNothingOfTheLabelOfAnEarlierJob) {
  Drafting d;
  ASSERT_FALSE(d.drafter.draft("echo", {}, {}, {.label = "a long one"}, d.draft));
  ASSERT_FALSE(d.drafter.draft("echo", {}, {}, {.label = "b"}, d.draft));
  EXPECT_EQ(shm::read_label(d.draft.job), "b");
}

TEST(JobDraft, ARequestInAParcelKeepsAllRulesButTheRings) {
  Drafting d;
  const std::uint64_t extent = shm::RequestRoom::id_of_parcel(12);
  const PlacedRequest large{extent, shm::RequestRoom::kParcelOffset, 1 << 20, 0};
  ASSERT_FALSE(d.drafter.draft("echo", large, {}, {}, d.draft));
  EXPECT_EQ(d.draft.job.request_line, shm::kRequestInParcel);
  EXPECT_EQ(d.draft.job.request_bytes, 1U << 20);
  EXPECT_EQ(d.draft.job.parcel, 12U);
  EXPECT_EQ(d.draft.job.result_capacity, 2048U) << "by the handler's rule, within the ring";
  EXPECT_EQ(d.draft.request_extent, extent);
  EXPECT_EQ(d.drafter.draft("echo", {7, 128, 1 << 20, 256}, {}, {}, d.draft)->error, SubmitError::TooLarge)
      << "the same in the ring";
  EXPECT_EQ(d.drafter.draft("nosuch", large, {}, {}, d.draft)->error, SubmitError::UnknownHandler);
  EXPECT_EQ(d.drafter.draft("echo", large, {}, {.timeout = std::chrono::hours(2)}, d.draft)->error,
            SubmitError::BadOption);
}

TEST(JobDraft, ParcelsAreForPoolsWhoseWorkersAllKnowThem) {
  Drafting d;
  EXPECT_FALSE(d.drafter.takes_parcels());
  SessionFacts newer = facts();
  for (HandlerDescription& one : newer.handlers) one.takes_parcels = true;
  EXPECT_TRUE(JobDrafter(newer, 4096, 2048).takes_parcels());
  newer.handlers.back().takes_parcels = false;
  EXPECT_FALSE(JobDrafter(newer, 4096, 2048).takes_parcels());
}

TEST(JobDraft, CarriesTheArgumentsEncoded) {
  Drafting d;
  ASSERT_FALSE(d.drafter.draft("sized", {}, {{"width", "3"}}, {}, d.draft));
  const auto back = decode_arguments(d.draft.arguments);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->front().key, "width");
  EXPECT_EQ(d.draft.job.arguments_bytes, d.draft.arguments.size());
}

TEST(JobDraft, SaysWhichRuleAWishBreaks) {
  Drafting d;
  const auto error = [&](std::string_view handler, const PlacedRequest& request, const Arguments& arguments,
                         const SubmitOptions& options) {
    return d.drafter.draft(handler, request, arguments, options, d.draft).value().error;
  };
  EXPECT_EQ(error("ecko", {}, {}, {}), SubmitError::UnknownHandler);
  EXPECT_EQ(error("echo", {}, {{"height", "1"}}, {}), SubmitError::BadArguments);
  EXPECT_EQ(error("echo", {}, {}, {.result_capacity = 2049}), SubmitError::TooLarge);
  EXPECT_EQ(error("echo", {}, {}, {.timeout = Duration(-1)}), SubmitError::BadOption);
  EXPECT_EQ(error("echo", {}, {}, {.timeout = std::chrono::milliseconds(9)}), SubmitError::BadOption);
  EXPECT_EQ(error("echo", {}, {}, {.queue_timeout = kForever}), SubmitError::BadOption);
  // 8 bytes of an extent that is the whole ring.
  EXPECT_EQ(error("sized", {1, 0, 8, 4096}, {{"width", "1"}}, {}), SubmitError::TooLarge);
}

TEST(JobDraft, KnowsWhatNeverFits) {
  Drafting d;
  EXPECT_FALSE(d.drafter.check_size(4096));
  EXPECT_EQ(d.drafter.check_size(4097).value().error, SubmitError::TooLarge);
}

TEST(JobDraft, FindsAHandlersNameAgain) {
  Drafting d;
  EXPECT_EQ(d.drafter.handler_named(wire::handler_id("sized")), "sized");
  EXPECT_EQ(d.drafter.handler_named(12), "");
}

TEST(WholeMs, RoundsUpAndHasNoneBelowNothing) {
  static_assert(whole_ms(Duration(0)) == 0);
  static_assert(whole_ms(Duration(1)) == 1);
  static_assert(whole_ms(std::chrono::milliseconds(3)) == 3);
  static_assert(whole_ms(Duration(-1)) == wire::kNoTimeout);
  EXPECT_GT(whole_ms(kForever), 0xFFFFFFFFU);
}

}  // namespace
}  // namespace ringmaster::client
