#pragma once

#include "daemon/sessions/session_request.h"
#include "proto/control.pb.h"

/// Requests about sessions as values, and their answers as messages.
namespace ringmaster::daemon {

[[nodiscard]] SessionWish session_wish(const control::v1::OpenSession& request);
[[nodiscard]] SessionKey session_key(const control::v1::ResumeSession& request);
[[nodiscard]] SessionKey session_key(const control::v1::CloseSession& request);

/// The reply, without its id and without the descriptors of an offer, a result or a parcel, which are sent with it.
[[nodiscard]] control::v1::Reply session_message(const SessionAnswer& answer);

}  // namespace ringmaster::daemon
