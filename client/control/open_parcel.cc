#include "client/control/open_parcel.h"

#include <string>
#include <utility>

namespace ringmaster::client {
namespace {

SubmitError error_of(const Error& error) {
  if (refused_for_now(error)) return SubmitError::QueueFull;
  const auto code = refusal_of(error);
  if (!code) return SubmitError::SessionClosed;
  switch (*code) {
    case ErrorCode::Draining:
      return SubmitError::Draining;
    case ErrorCode::UnknownSession:
    case ErrorCode::SessionBroken:
      return SubmitError::SessionClosed;
    case ErrorCode::TooLarge:
    case ErrorCode::BadArgument:
    case ErrorCode::BadRequest:  // a daemon that does not know parcels
      return SubmitError::TooLarge;
    default:
      return SubmitError::TooLittleMemory;
  }
}

Result<ParcelGiven> ask(ControlLink& link, std::uint32_t serial, std::uint64_t bytes) {
  auto answer = expect(link.ask(encode(ParcelRequest{.serial = serial, .bytes = bytes})), ReplyKind::Parcel);
  if (!answer) return answer.error();
  const auto said = ParcelReply::read(answer->reply.body());
  if (!said) return said.error();
  if (answer->fds.size() != 1)
    return Error{"its descriptor did not come; is this process's limit (ulimit -n) reached?"};
  if (said->bytes < bytes) return Error{"the daemon sent less memory than was asked for"};
  return ParcelGiven{said->number, said->bytes, std::move(answer->fds.front())};
}

}  // namespace

Submission<ParcelGiven> ask_parcel(ControlLink& link, std::uint32_t serial, std::uint64_t bytes) {
  auto given = ask(link, serial, bytes);
  if (given) return std::move(*given);
  return Refusal{error_of(given.error()),
                 "a request of " + std::to_string(bytes) +
                     " bytes, which is larger than the session's request ring, is refused: " + given.error().message};
}

}  // namespace ringmaster::client
