// What a client sends on the control socket: a stream of frames, each one request, and what the daemon makes of its
// fields before it acts: arguments against a handler's table, texts that come back in refusals.
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/check.h"
#include "proto/args.h"
#include "proto/control.pb.h"
#include "proto/control_convert.h"
#include "proto/frame.h"
#include "tests/fuzz/script.h"
#include "tests/fuzz/sentence.h"
#include "tests/fuzz/some_handlers.h"

namespace ringmaster::fuzz {
namespace {

namespace v1 = control::v1;

HandlerDescription thumbnail() {
  HandlerDescription handler;
  handler.name = "thumbnail";
  handler.arguments = {argument("width", ArgumentType::Integer), argument("fit", ArgumentType::Choice),
                       argument("ratio", ArgumentType::Real), argument("turn", ArgumentType::Boolean),
                       argument("title", ArgumentType::Text)};
  handler.arguments[0].required = true;
  return handler;
}

std::vector<std::string> all_frames(wire::FrameDecoder& decoder, std::string_view stream, Script* sizes) {
  std::vector<std::string> bodies;
  while (!stream.empty()) {
    const std::size_t piece = sizes != nullptr ? 1 + sizes->below(64) : stream.size();
    const std::vector<std::byte> bytes = exact_copy(stream.substr(0, piece));
    stream.remove_prefix(bytes.size());
    decoder.feed(bytes);
    while (auto body = decoder.take()) {
      RM_CHECK(decoder.state() == wire::FrameDecoder::State::Ok, "a frame out of a broken stream");
      bodies.push_back(std::move(*body));
    }
  }
  return bodies;
}

// The same frames however the stream is cut, each as it was sent, and none behind what is no frame.
std::vector<std::string> cut(std::string_view stream, Script sizes) {
  wire::FrameDecoder whole;
  wire::FrameDecoder in_pieces;
  std::vector<std::string> bodies = all_frames(whole, stream, nullptr);
  RM_CHECK(bodies == all_frames(in_pieces, stream, &sizes), "the frames depend on how the stream is cut");
  RM_CHECK(whole.state() == in_pieces.state() && whole.claimed() == in_pieces.claimed() &&
               whole.half_frame() == in_pieces.half_frame(),
           "the decoder's state depends on how the stream is cut");
  std::string again;
  for (const std::string& body : bodies) {
    RM_CHECK(!body.empty() && body.size() <= wire::kMaxFrameBytes, "a frame of %zu bytes", body.size());
    again += wire::make_frame(body);
  }
  RM_CHECK(stream.starts_with(again), "the frames are not what was sent");
  const std::size_t rest = stream.size() - again.size();
  const bool ok = whole.state() == wire::FrameDecoder::State::Ok;
  RM_CHECK(!ok || whole.half_frame() == (rest > 0), "%zu bytes are left", rest);
  RM_CHECK(ok || whole.claimed() == 0 || whole.claimed() > wire::kMaxFrameBytes, "%u", whole.claimed());
  const std::string more = wire::make_frame("x");
  whole.feed(std::as_bytes(std::span(more)));
  RM_CHECK(ok || (!whole.take() && !whole.half_frame()), "a broken stream has gone on");
  return bodies;
}

void check_refusal(v1::ErrorCode code, const std::string& why) {
  const v1::Reply reply = wire::error_reply(7, code, why);
  v1::Reply read;
  RM_CHECK(read.ParseFromString(reply.SerializeAsString()) && read.id() == 7 && read.error().code() == code,
           "a refusal that its client cannot read");
  check_sentence(read.error().message(), 4096);
}

void take_arguments(const v1::Submit& submit) {
  std::vector<Argument> arguments;
  std::vector<ArgumentView> views;
  for (const v1::Argument& one : submit.arguments()) arguments.push_back({one.key(), one.value()});
  for (const Argument& one : arguments) views.push_back({one.key, one.value});
  const auto encoded = encode_arguments(arguments);
  if (!encoded) return check_refusal(v1::ERROR_BAD_ARGUMENT, encoded.error().message);
  RM_CHECK(encoded->size() <= kMaxEncodedArgumentBytes, "%zu", encoded->size());
  const auto decoded = decode_arguments(*encoded);
  RM_CHECK(decoded && decoded->size() == arguments.size(), "arguments that a worker cannot read");
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    RM_CHECK((*decoded)[i].key == arguments[i].key && (*decoded)[i].value == arguments[i].value, "argument %zu", i);
  }
  static const HandlerDescription handler = thumbnail();
  if (const auto fit = check_arguments(handler, views); !fit)
    check_refusal(v1::ERROR_BAD_ARGUMENT, fit.error().message);
}

void take_request(const std::string& body) {
  v1::Request request;
  if (!request.ParseFromString(body)) return;
  const std::string again = request.SerializeAsString();
  v1::Request same;
  RM_CHECK(same.ParseFromString(again) && same.SerializeAsString() == again, "a request that changes on its way");
  if (request.has_submit()) take_arguments(request.submit());
  for (const std::string* name :
       {&request.submit().pool(), &request.submit().handler(), &request.open_session().pool(),
        &request.open_session().client(), &request.drain().pool(), &request.hello().client(),
        &request.create_pool().name(), &request.drop_pool().name(), &request.resize_pool().name()}) {
    check_refusal(v1::ERROR_UNKNOWN_POOL, "no pool \"" + clean_text(*name, 64) + "\"");
  }
}

// In shared memory a client's arguments come as bytes, not as a message.
void take_encoded(std::string_view bytes) {
  const std::vector<std::byte> encoded = exact_copy(bytes);
  const auto views = decode_arguments(encoded);
  if (!views) return check_sentence(views.error().message);
  std::vector<Argument> arguments;
  for (const ArgumentView& one : *views) arguments.push_back({std::string(one.key), std::string(one.value)});
  const auto again = encode_arguments(arguments);
  RM_CHECK(again && *again == encoded, "arguments that nobody would have encoded so");
}

void run(Input input) {
  google::protobuf::SetLogHandler(nullptr);  // it would say each time what is wrong with a text
  Script script(input);
  if (script.next<std::uint8_t>() % 4 == 3) return take_encoded(script.rest());
  const Script sizes(script.take(4));
  for (const std::string& body : cut(script.rest(), sizes)) take_request(body);
}

std::string stream_of(const std::vector<v1::Request>& requests) {
  std::string stream(5, '\1');
  for (const v1::Request& request : requests) stream += wire::make_frame(request.SerializeAsString());
  return stream;
}

std::vector<std::string> seeds() {
  std::vector<v1::Request> all(17);
  for (std::size_t i = 0; i < all.size(); ++i) all[i].set_id(i + 1);
  all[0].mutable_hello()->set_client("fuzz");
  all[0].mutable_hello()->set_version_max(1);
  all[1].mutable_open_session()->set_pool("images");
  all[1].mutable_open_session()->set_slots(64);
  all[2].mutable_session_mapped()->set_serial(1);
  all[3].mutable_resume_session();
  all[4].mutable_close_session();
  v1::Submit& submit = *all[5].mutable_submit();
  submit.set_pool("images");
  submit.set_handler("thumbnail");
  submit.set_payload("bytes");
  submit.set_cookie_high(1);
  for (const auto& [key, value] : {std::pair{"width", "64"}, {"fit", "cover"}, {"ratio", "1.5"}, {"turn", "true"}}) {
    submit.add_arguments()->set_key(key);
    submit.mutable_arguments()->rbegin()->set_value(value);
  }
  all[6].mutable_fetch()->set_wait(true);
  all[7].mutable_cancel()->set_job_id(5);
  all[8].mutable_list_handlers();
  all[9].mutable_get_status();
  all[10].mutable_drain()->set_pool("images");
  all[11].mutable_stop();
  all[12].mutable_get_health();
  all[13].mutable_get_stack();
  v1::CreatePool& create = *all[14].mutable_create_pool();
  create.set_name("pdf");
  create.set_config("command = [\"/usr/bin/node\", \"w.js\"]\n");
  create.set_folder("/srv");
  create.set_most_workers(4);
  all[15].mutable_drop_pool()->set_name("u1000.pdf");
  all[15].mutable_drop_pool()->set_timeout_ms(5000);
  all[16].mutable_resize_pool()->set_workers(3);
  std::vector<std::string> seeds{stream_of(all)};
  for (const v1::Request& one : all) seeds.push_back(stream_of({one}));
  seeds.push_back(std::string(5, '\0') + wire::make_frame("x") + std::string(4, '\0'));
  seeds.push_back(std::string(5, '\0') + "\xFF\xFF\xFF\x7F rest");
  const std::vector<Argument> arguments{{"width", "64"}, {"title", std::string("a\0b", 3)}};
  seeds.push_back(SeedWriter().put(std::uint8_t{3}).raw(encode_arguments(arguments).value()).take());
  return seeds;
}

}  // namespace

const Target& target() {
  static const Target control{.name = "control", .run = run, .seeds = seeds};
  return control;
}

}  // namespace ringmaster::fuzz
