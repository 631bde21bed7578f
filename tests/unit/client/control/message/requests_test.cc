#include "client/control/message/requests.h"

#include <gtest/gtest.h>

#include <vector>

#include "proto/control.pb.h"

namespace ringmaster::client {
namespace {

namespace v1 = control::v1;

constexpr std::uint64_t kId = 300;  // two bytes on the wire
constexpr std::uint64_t kHigh = 0x8000'0000'0000'0001;

// Byte for byte what protobuf writes; and what it reads, which says more if they differ.
void expect_same(const EncodedRequest& ours, v1::Request theirs) {
  theirs.set_id(kId);
  const std::string bytes = with_id(ours, kId);
  EXPECT_EQ(bytes, theirs.SerializeAsString());
  v1::Request read;
  ASSERT_TRUE(read.ParseFromString(bytes));
  EXPECT_EQ(read.body_case(), theirs.body_case());
}

TEST(ClientRequests, HelloIsWrittenAsProtobufDoes) {
  v1::Request request;
  request.mutable_hello()->set_version_min(1);
  request.mutable_hello()->set_version_max(1);
  request.mutable_hello()->set_client("ringmaster 0.2");
  request.mutable_hello()->set_administers(true);
  expect_same(encode(HelloRequest{.version = 1, .client = "ringmaster 0.2", .administers = true}), request);
}

TEST(ClientRequests, SessionsAreOpenedAndEndedAsProtobufDoes) {
  v1::Request request;
  v1::OpenSession& open = *request.mutable_open_session();
  open.set_pool("images");
  open.set_request_ring_bytes(1ULL << 33);
  open.set_result_ring_bytes(4096);
  open.set_slots(64);
  open.set_shortest_run_timeout_ms(250);
  open.set_client("test");
  expect_same(encode(OpenRequest{.pool = "images",
                                 .request_ring_bytes = 1ULL << 33,
                                 .result_ring_bytes = 4096,
                                 .slots = 64,
                                 .shortest_run_timeout_ms = 250,
                                 .client = "test"}),
              request);
  request.mutable_session_mapped()->set_serial(7);
  expect_same(encode(MappedRequest{.serial = 7}), request);
  request.mutable_resume_session()->set_serial(UINT32_MAX);
  request.mutable_resume_session()->set_cookie_high(kHigh);
  request.mutable_resume_session()->set_cookie_low(2);
  expect_same(encode(ResumeRequest{.serial = UINT32_MAX, .cookie = {kHigh, 2}}), request);
  request.mutable_close_session()->set_serial(7);
  request.mutable_close_session()->set_cookie_low(2);
  expect_same(encode(CloseRequest{.serial = 7, .cookie = {0, 2}}), request);
}

TEST(ClientRequests, SubmitIsWrittenAsProtobufDoes) {
  const std::vector<Argument> arguments{{"width", "64"}, {"", ""}, {"title", std::string("a\0b", 3)}};
  const std::string payload(70'000, 'x');
  v1::Request request;
  v1::Submit& submit = *request.mutable_submit();
  submit.set_pool("images");
  submit.set_handler("thumbnail");
  for (const Argument& one : arguments) {
    v1::Argument& argument = *submit.add_arguments();
    argument.set_key(one.key);
    argument.set_value(one.value);
  }
  submit.set_payload(payload);
  submit.set_result_capacity(1 << 20);
  submit.set_queue_timeout_ms(UINT64_MAX);
  submit.set_run_timeout_ms(1);
  submit.set_idempotent(true);
  submit.set_cookie_high(kHigh);
  submit.set_cookie_low(3);
  submit.set_wait(true);
  submit.set_takes_descriptor(true);
  submit.set_label("invoice.js#render");
  expect_same(encode(SubmitRequest{.pool = "images",
                                   .handler = "thumbnail",
                                   .arguments = arguments,
                                   .payload = std::as_bytes(std::span(payload)),
                                   .result_capacity = 1 << 20,
                                   .queue_timeout_ms = UINT64_MAX,
                                   .run_timeout_ms = 1,
                                   .idempotent = true,
                                   .cookie = {kHigh, 3},
                                   .wait = true,
                                   .takes_descriptor = true,
                                   .label = "invoice.js#render"}),
              request);
}

TEST(ClientRequests, FetchAndCancelAreWrittenAsProtobufDoes) {
  v1::Request request;
  request.mutable_fetch()->set_cookie_high(kHigh);
  request.mutable_fetch()->set_cookie_low(3);
  request.mutable_fetch()->set_wait(true);
  expect_same(encode(FetchRequest{.cookie = {kHigh, 3}, .wait = true}), request);
  request.mutable_cancel()->set_job_id(1ULL << 40);
  expect_same(encode(CancelRequest{.job_id = 1ULL << 40, .force = false, .grace_ms = std::nullopt}), request);
  request.mutable_cancel()->set_force(true);
  request.mutable_cancel()->set_grace_ms(0);  // a grace of none is another wish than none said
  expect_same(encode(CancelRequest{.job_id = 1ULL << 40, .force = true, .grace_ms = 0}), request);
  request.mutable_cancel()->set_grace_ms(30'000);
  expect_same(encode(CancelRequest{.job_id = 1ULL << 40, .force = true, .grace_ms = 30'000}), request);
}

TEST(ClientRequests, PoolsAreCreatedAndChangedAsProtobufDoes) {
  v1::Request request;
  v1::CreatePool& create = *request.mutable_create_pool();
  create.set_name("pdf");
  create.set_config("workers = 2\n");
  create.set_folder("/srv");
  create.set_workers(3);
  create.set_most_workers(300);
  create.set_min_workers(2);
  expect_same(encode(CreatePoolRequest{.name = "pdf",
                                       .config = "workers = 2\n",
                                       .folder = "/srv",
                                       .workers = 3,
                                       .most_workers = 300,
                                       .min_workers = 2}),
              request);
  request.mutable_drop_pool()->set_name("pdf");
  expect_same(encode(DropPoolRequest{.name = "pdf", .timeout_ms = std::nullopt, .id = 0}), request);
  request.mutable_drop_pool()->set_timeout_ms(0);  // at once is another wish than none said
  expect_same(encode(DropPoolRequest{.name = "pdf", .timeout_ms = 0, .id = 0}), request);
  request.mutable_drop_pool()->set_id(~std::uint64_t{0});
  expect_same(encode(DropPoolRequest{.name = "pdf", .timeout_ms = 0, .id = ~std::uint64_t{0}}), request);
  request.mutable_resize_pool()->set_name("pdf");
  request.mutable_resize_pool()->set_workers(4);
  request.mutable_resize_pool()->set_min_workers(1);
  expect_same(encode(ResizePoolRequest{.name = "pdf", .workers = 4, .min_workers = 1, .id = 0}), request);
  request.mutable_resize_pool()->set_id(7);
  expect_same(encode(ResizePoolRequest{.name = "pdf", .workers = 4, .min_workers = 1, .id = 7}), request);
}

TEST(ClientRequests, QuestionsAreWrittenAsProtobufDoes) {
  v1::Request request;
  request.mutable_list_handlers()->set_pool("images");
  expect_same(encode(HandlersRequest{.pool = "images"}), request);
  request.mutable_get_stack()->set_job_id(5);
  request.mutable_get_stack()->set_wait_ms(900);
  expect_same(encode(StackRequest{.job_id = 5, .wait_ms = 900}), request);
  request.mutable_fetch_result()->set_job_id(1ULL << 40);
  expect_same(encode(ResultRequest{.job_id = 1ULL << 40}), request);
  request.mutable_open_parcel()->set_serial(7);
  request.mutable_open_parcel()->set_bytes(1ULL << 40);
  expect_same(encode(ParcelRequest{.serial = 7, .bytes = 1ULL << 40}), request);
}

TEST(ClientRequests, SayWhatInThemIsNotUtf8) {
  const std::string latin = "caf\xe9";
  const auto with = [](auto request, auto member, const auto& value) {
    request.*member = value;
    return encode(request);
  };
  const std::vector<Argument> arguments = {{"key", latin}};
  const std::vector<std::byte> payload = {std::byte{0xe9}};
  for (const EncodedRequest& wrong :
       {with(OpenRequest{}, &OpenRequest::pool, latin), with(SubmitRequest{}, &SubmitRequest::pool, latin),
        with(SubmitRequest{}, &SubmitRequest::handler, latin), with(SubmitRequest{}, &SubmitRequest::label, latin),
        with(SubmitRequest{}, &SubmitRequest::arguments, arguments),
        with(CreatePoolRequest{}, &CreatePoolRequest::name, latin),
        with(DropPoolRequest{}, &DropPoolRequest::name, latin),
        with(ResizePoolRequest{}, &ResizePoolRequest::name, latin),
        with(HandlersRequest{}, &HandlersRequest::pool, latin)}) {
    EXPECT_EQ(wrong.not_text, latin);
  }
  for (const EncodedRequest& right :
       {with(SubmitRequest{}, &SubmitRequest::payload, payload),
        with(SubmitRequest{}, &SubmitRequest::label, "caf\u00e9"),
        with(CreatePoolRequest{}, &CreatePoolRequest::config, latin),
        with(CreatePoolRequest{}, &CreatePoolRequest::folder, latin),
        with(HelloRequest{}, &HelloRequest::client, latin), with(OpenRequest{}, &OpenRequest::client, latin)}) {
    EXPECT_TRUE(right.not_text.empty());
    EXPECT_TRUE(v1::Request().ParseFromString(with_id(right, 1)));
  }
}

TEST(ClientRequests, AreThereEvenIfNothingIsSet) {
  v1::Request request;
  request.mutable_list_handlers();
  expect_same(encode(HandlersRequest{}), request);
  request.mutable_submit();
  expect_same(encode(SubmitRequest{}), request);
  request.mutable_open_session();
  expect_same(encode(OpenRequest{}), request);
}

}  // namespace
}  // namespace ringmaster::client
