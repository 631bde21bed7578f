#include "daemon/control/message/session_message.h"

#include "base/overloaded.h"
#include "daemon/control/message/handlers_message.h"
#include "daemon/control/message/refusal_message.h"

namespace ringmaster::daemon {
namespace {

namespace v1 = control::v1;

v1::SessionFds offer_message(const SessionOffer& offer) {
  v1::SessionFds fds;
  fds.set_serial(offer.key.serial);
  fds.set_index(offer.index);
  fds.set_cookie_high(offer.key.cookie[0]);
  fds.set_cookie_low(offer.key.cookie[1]);
  fds.set_slots(offer.geometry.slots);
  fds.set_request_ring_bytes(offer.geometry.request_ring_bytes);
  fds.set_result_ring_bytes(offer.geometry.result_ring_bytes);
  fds.set_request_segment_bytes(offer.geometry.request_segment_bytes());
  fds.set_reply_segment_bytes(offer.geometry.reply_segment_bytes());
  fds.set_clock_ns(offer.clock_ns);
  fds.set_spin_ns(static_cast<std::uint64_t>(offer.spin.count()));
  *fds.mutable_pool() = handlers_message(offer.pool);
  return fds;
}

}  // namespace

SessionWish session_wish(const v1::OpenSession& request) {
  return {request.pool(),
          {request.request_ring_bytes(), request.result_ring_bytes(), request.slots()},
          request.shortest_run_timeout_ms(),
          request.client()};
}

SessionKey session_key(const v1::ResumeSession& request) {
  return {request.serial(), {request.cookie_high(), request.cookie_low()}};
}

SessionKey session_key(const v1::CloseSession& request) {
  return {request.serial(), {request.cookie_high(), request.cookie_low()}};
}

v1::Reply session_message(const SessionAnswer& answer) {
  v1::Reply reply;
  std::visit(Overloaded{[&](const SessionOffer& offer) { *reply.mutable_session_fds() = offer_message(offer); },
                        [&](const SessionReady& ready) { reply.mutable_session_ready()->set_serial(ready.serial); },
                        [&](const SessionResumed& resumed) {
                          reply.mutable_session_ready()->set_serial(resumed.serial);
                          *reply.mutable_session_ready()->mutable_pool() = handlers_message(resumed.pool);
                        },
                        [&](const SessionClosed& closed) { reply.mutable_closed()->set_serial(closed.serial); },
                        [&](const SpilledResult& result) { reply.mutable_spilled_result()->set_job_id(result.job_id); },
                        [&](const ParcelOffer& parcel) {
                          reply.mutable_parcel()->set_number(parcel.number);
                          reply.mutable_parcel()->set_bytes(parcel.bytes);
                        },
                        [&](const RequestRefusal& refusal) { reply = refusal_message(refusal); }},
             answer);
  return reply;
}

}  // namespace ringmaster::daemon
