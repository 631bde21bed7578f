#include "client/control/message/error_code.h"

namespace ringmaster::client {

const char* to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::BadRequest:
      return "bad request";
    case ErrorCode::Version:
      return "no common protocol version";
    case ErrorCode::NotAllowed:
      return "not allowed";
    case ErrorCode::UnknownPool:
      return "unknown pool";
    case ErrorCode::UnknownHandler:
      return "unknown handler";
    case ErrorCode::BadArgument:
      return "bad argument";
    case ErrorCode::TooLarge:
      return "too large";
    case ErrorCode::QueueFull:
      return "queue full";
    case ErrorCode::Quota:
      return "over the quota";
    case ErrorCode::NoMemory:
      return "too little memory";
    case ErrorCode::Draining:
      return "draining";
    case ErrorCode::UnknownSession:
      return "unknown session";
    case ErrorCode::UnknownJob:
      return "unknown job";
    case ErrorCode::Busy:
      return "busy";
    case ErrorCode::SessionBroken:
      return "session broken";
    case ErrorCode::Internal:
      return "internal error";
    case ErrorCode::Unspecified:
      break;
  }
  return "unspecified error";
}

}  // namespace ringmaster::client
