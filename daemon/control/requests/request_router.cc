#include "daemon/control/requests/request_router.h"

#include "daemon/control/message/job_request_message.h"
#include "daemon/control/message/refusal_message.h"
#include "daemon/control/message/session_message.h"
#include "daemon/control/requests/message_askers.h"
#include "daemon/control/requests/pool_requests.h"
#include "daemon/jobs/worker_death.h"
#include "daemon/machine/memory_reserve.h"
#include "proto/control.pb.h"

namespace ringmaster::daemon {

namespace v1 = control::v1;

void RequestRouter::handle(const Peer& peer, v1::Request request, Responder respond) {
  if ((request.has_open_session() || request.has_submit() || request.has_create_pool() || request.has_open_parcel()) &&
      MemoryReserve::spent()) {
    respond(refusal_message({RefusalCode::NoMemory, MemoryReserve::kRefusal}), {});
    return;
  }
  switch (request.body_case()) {
    case v1::Request::kHello:
      return daemon_requests_.greet(peer, respond);
    case v1::Request::kOpenSession:
      return sessions_.open(peer, session_wish(request.open_session()), session_asker(std::move(respond)));
    case v1::Request::kSessionMapped:
      return sessions_.mapped(peer, request.session_mapped().serial(), session_asker(std::move(respond)));
    case v1::Request::kResumeSession:
      return sessions_.resume(peer, session_key(request.resume_session()), session_asker(std::move(respond)));
    case v1::Request::kCloseSession:
      return sessions_.close(peer, session_key(request.close_session()), session_asker(std::move(respond)));
    case v1::Request::kFetchResult:
      return sessions_.fetch_result(peer, request.fetch_result().job_id(), session_asker(std::move(respond)));
    case v1::Request::kOpenParcel:
      return sessions_.open_parcel(peer, request.open_parcel().serial(), request.open_parcel().bytes(),
                                   session_asker(std::move(respond)));
    case v1::Request::kSubmit:
      return jobs_.submit(peer, submit_request(std::move(*request.mutable_submit())), job_asker(std::move(respond)));
    case v1::Request::kFetch:
      return jobs_.fetch(peer, fetch_request(request.fetch()), job_asker(std::move(respond)));
    case v1::Request::kCancel:
      return jobs_.cancel(peer, cancel_request(request.cancel()), job_asker(std::move(respond)));
    case v1::Request::kGetStack:
      return answer_stack(daemon_, peer, stack_request(request.get_stack()), job_asker(std::move(respond)));
    case v1::Request::kListHandlers:
      return daemon_requests_.list_handlers(peer, request.list_handlers().pool(), respond);
    case v1::Request::kGetStatus:
      return daemon_requests_.status(peer, respond);
    case v1::Request::kGetHealth:
      return daemon_requests_.health(peer, respond);
    case v1::Request::kDrain:
      return daemon_requests_.drain(peer, request.drain(), respond);
    case v1::Request::kStop:
      return daemon_requests_.stop(peer, respond);
    case v1::Request::kCreatePool:
      return create_pool(pools_, peer, request.create_pool(), std::move(respond));
    case v1::Request::kDropPool:
      return drop_pool(pools_, peer, request.drop_pool(), std::move(respond));
    case v1::Request::kResizePool:
      return resize_pool(pools_, peer, request.resize_pool(), respond);
    case v1::Request::BODY_NOT_SET:
      break;
  }
  respond(refusal_message({RefusalCode::BadRequest, "a request of a kind that this daemon does not know; update it"}),
          {});
}

void RequestRouter::all_read(std::uint64_t connection) { jobs_.all_read(connection); }

void RequestRouter::connection_closed(std::uint64_t connection) {
  sessions_.connection_closed(connection);
  jobs_.connection_closed(connection);
}

}  // namespace ringmaster::daemon
