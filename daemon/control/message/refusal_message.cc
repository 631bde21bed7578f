#include "daemon/control/message/refusal_message.h"

#include "proto/control_convert.h"

namespace ringmaster::daemon {
namespace {

namespace v1 = control::v1;

constexpr bool same(RefusalCode code, v1::ErrorCode error) { return static_cast<int>(code) == static_cast<int>(error); }
static_assert(same(RefusalCode::BadRequest, v1::ERROR_BAD_REQUEST) && same(RefusalCode::Version, v1::ERROR_VERSION) &&
              same(RefusalCode::NotAllowed, v1::ERROR_NOT_ALLOWED) &&
              same(RefusalCode::UnknownPool, v1::ERROR_UNKNOWN_POOL) &&
              same(RefusalCode::UnknownHandler, v1::ERROR_UNKNOWN_HANDLER) &&
              same(RefusalCode::BadArgument, v1::ERROR_BAD_ARGUMENT) &&
              same(RefusalCode::TooLarge, v1::ERROR_TOO_LARGE) && same(RefusalCode::QueueFull, v1::ERROR_QUEUE_FULL) &&
              same(RefusalCode::Quota, v1::ERROR_QUOTA) && same(RefusalCode::NoMemory, v1::ERROR_NO_MEMORY) &&
              same(RefusalCode::Draining, v1::ERROR_DRAINING) &&
              same(RefusalCode::UnknownSession, v1::ERROR_UNKNOWN_SESSION) &&
              same(RefusalCode::UnknownJob, v1::ERROR_UNKNOWN_JOB) && same(RefusalCode::Busy, v1::ERROR_BUSY) &&
              same(RefusalCode::SessionBroken, v1::ERROR_SESSION_BROKEN) &&
              same(RefusalCode::Internal, v1::ERROR_INTERNAL));

}  // namespace

v1::Reply refusal_message(const RequestRefusal& refusal) {
  v1::Reply reply = wire::error_reply(0, static_cast<v1::ErrorCode>(refusal.code), refusal.why);
  reply.mutable_error()->set_needed(refusal.needed);
  reply.mutable_error()->set_limit(refusal.limit);
  return reply;
}

}  // namespace ringmaster::daemon
