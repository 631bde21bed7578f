#pragma once

#include <utility>

#include "client/control/control_link.h"
#include "proto/control.pb.h"

/// The control connection with the messages that protobuf generates, for what the library does not ask itself: the
/// status, health, drain, stop. The library knows its own messages only (client/control/message).
namespace ringmaster::client {

struct ProtobufAnswer {
  control::v1::Reply reply;
  std::vector<UniqueFd> fds;
};

/// REQUIRES: no id is set.
[[nodiscard]] inline EncodedRequest encode(const control::v1::Request& request) {
  return {request.SerializeAsString(), {}};
}

/// An answer of the kind `wanted`, or why there is none: see ControlLink::ask() and expect().
[[nodiscard]] inline Result<ProtobufAnswer> ask_for(ControlLink& link, const control::v1::Request& request,
                                                    control::v1::Reply::BodyCase wanted,
                                                    std::optional<Duration> limit = std::nullopt,
                                                    ControlLink::Resend resend = ControlLink::Resend::Yes) {
  auto answer = expect(link.ask(encode(request), resend, limit), static_cast<ReplyKind>(wanted));
  if (!answer) return answer.error();
  ProtobufAnswer read{{}, std::move(answer->fds)};
  if (!read.reply.ParseFromString(answer->reply.bytes()))
    return Error{"the daemon on " + link.socket() + " sent garbage; is it a ringmasterd?"};
  return read;
}

}  // namespace ringmaster::client
