#include "client/abi/session_abi.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <string>

#include "client/abi/c_values.h"
#include "client/abi/guard.h"
#include "ringmaster_version.h"

namespace {

using ringmaster::SubmitError;
using ringmaster::abi::connect_options;
using ringmaster::abi::from_ms;
using ringmaster::abi::from_ns;
using ringmaster::abi::guarded;
using ringmaster::abi::kBadStruct;
using ringmaster::abi::refuse;

constexpr uint64_t kLongestGraceMs = 60'000;

template <typename Body>
int or_else(int otherwise, Body&& body) {
  try {
    return body();
  } catch (const std::exception&) {
    return otherwise;
  }
}

int code_of(SubmitError error) {
  switch (error) {
    case SubmitError::QueueFull:
      return RM_FULL;
    case SubmitError::UnknownHandler:
      return RM_UNKNOWN_HANDLER;
    case SubmitError::BadArguments:
      return RM_BAD_ARGUMENTS;
    case SubmitError::TooLarge:
      return RM_NEVER_FITS;
    case SubmitError::TooLittleMemory:
      return RM_TOO_LITTLE_MEMORY;
    case SubmitError::BadOption:
      return RM_BAD_OPTION;
    case SubmitError::Draining:
      return RM_DRAINING;
    case SubmitError::SessionClosed:
      return RM_CLOSED;
    case SubmitError::Forked:
      return RM_FORKED;
  }
  return RM_BAD_OPTION;
}

ringmaster::SessionOptions session_options(const rm_session_options& given) {
  ringmaster::SessionOptions options;
  options.slots = given.slots;
  options.request_ring_bytes = given.request_bytes;
  options.result_ring_bytes = given.result_bytes;
  options.shortest_timeout = from_ms(given.shortest_timeout_ms);
  if (given.spin_ns != 0) options.spin = given.spin_ns == RM_NO_SPIN ? ringmaster::Duration(0) : from_ns(given.spin_ns);
  return options;
}

ringmaster::SubmitOptions submit_options(const rm_submit& job) {
  ringmaster::SubmitOptions options;
  options.timeout = from_ms(job.timeout_ms);
  options.queue_timeout = from_ms(job.queue_timeout_ms);
  options.idempotent = (job.flags & RM_SUBMIT_IDEMPOTENT) != 0;
  if (job.result_capacity != 0) options.result_capacity = job.result_capacity;
  options.cookie = job.cookie;
  options.wait_for_room = from_ns(job.wait_ns);
  if (job.label != nullptr) options.label = job.label;
  options.messages = static_cast<std::uint32_t>(std::min<std::uint64_t>(job.message_bytes, UINT32_MAX));
  return options;
}

ringmaster::Arguments arguments_of(const rm_submit& job) {
  ringmaster::Arguments arguments;
  for (uint64_t at = 0; at < job.argument_count; ++at) {
    const rm_submit_argument& one = job.arguments[at];
    arguments.push_back({one.name, std::string(one.value, one.value_size)});
  }
  return arguments;
}

}  // namespace

extern "C" {

uint32_t rm_client_abi(void) { return RINGMASTER_CLIENT_ABI; }
const char* rm_client_version(void) { return RINGMASTER_VERSION; }

rm_session* rm_session_open(const char* socket, const char* pool, const rm_session_options* options, char* error,
                            size_t error_size) {
  rm_session* made = nullptr;
  (void)guarded(error, error_size, [&] {
    rm_session_options none{};
    none.struct_size = sizeof none;
    const auto given = ringmaster::abi::read_struct(options != nullptr ? options : &none);
    if (!given) return refuse(RM_BAD_OPTION, kBadStruct, error, error_size);
    if (pool == nullptr) return refuse(RM_BAD_OPTION, "no pool was named", error, error_size);
    auto client = ringmaster::Client::connect(connect_options(socket, given->name, given->control_timeout_ms));
    if (!client) return refuse(RM_BAD_OPTION, client.error().message, error, error_size);
    auto session = client->open(pool, session_options(*given));
    if (!session) return refuse(RM_BAD_OPTION, session.error().message, error, error_size);
    made = new rm_session(std::move(*session));
    return static_cast<int>(RM_ACCEPTED);
  });
  return made;
}

void rm_session_close(rm_session* session) {
  (void)guarded(nullptr, 0, [&] {
    session->session.close();
    return static_cast<int>(RM_ACCEPTED);
  });
}
void rm_session_free(rm_session* session) { delete session; }

int rm_session_event_fd(rm_session* session, char* error, size_t error_size) {
  int fd = -1;
  (void)guarded(error, error_size, [&] {
    const auto made = session->session.event_fd();
    if (!made) return refuse(RM_BAD_OPTION, made.error().message, error, error_size);
    fd = *made;
    return static_cast<int>(RM_ACCEPTED);
  });
  return fd;
}

int rm_request_new(rm_session* session, uint64_t bytes, uint64_t wait_ns, rm_request** request, void** memory,
                   char* error, size_t error_size) {
  return guarded(error, error_size, [&] {
    auto made = std::make_unique<rm_request>();
    auto taken = session->session.allocate(bytes, from_ns(wait_ns));
    if (!taken) return refuse(code_of(taken.error().error), taken.error().message, error, error_size);
    made->request = std::move(*taken);
    *memory = made->request.bytes().data();
    *request = made.release();
    return static_cast<int>(RM_ACCEPTED);
  });
}

int rm_request_asks_daemon(const rm_session* session, uint64_t bytes) {
  return session->session.asks_daemon(bytes) ? 1 : 0;
}
void rm_request_shrink(rm_request* request, uint64_t bytes) {
  if (bytes < request->request.bytes().size()) request->request.shrink(bytes);
}
void rm_request_free(rm_request* request) { delete request; }

int rm_session_submit(rm_session* session, const rm_submit* given, uint64_t* job_id, char* error, size_t error_size) {
  return guarded(error, error_size, [&] {
    const auto job = ringmaster::abi::read_struct(given);
    if (!job) return refuse(RM_BAD_OPTION, kBadStruct, error, error_size);
    if ((job->flags & ~uint32_t{RM_SUBMIT_IDEMPOTENT}) != 0)
      return refuse(RM_BAD_OPTION, "a flag that this libringmaster does not know", error, error_size);
    if (job->handler == nullptr) return refuse(RM_UNKNOWN_HANDLER, "no handler was named", error, error_size);
    if ((job->bytes == nullptr && job->byte_count != 0) || (job->arguments == nullptr && job->argument_count != 0))
      return refuse(RM_BAD_OPTION, "a count without its pointer", error, error_size);
    const std::span bytes(static_cast<const std::byte*>(job->bytes), job->byte_count);
    const auto posted = job->request != nullptr
                            ? session->session.post(job->handler, std::move(job->request->request), arguments_of(*job),
                                                    submit_options(*job))
                            : session->session.post(job->handler, bytes, arguments_of(*job), submit_options(*job));
    if (!posted) return refuse(code_of(posted.error().error), posted.error().message, error, error_size);
    delete job->request;
    if (job_id != nullptr) *job_id = *posted;
    return static_cast<int>(RM_ACCEPTED);
  });
}

int rm_session_spin(rm_session* session, uint64_t budget_ns) {
  return or_else(0, [&] { return session->session.spin(from_ns(budget_ns)) ? 1 : 0; });
}

int rm_session_cancel(rm_session* session, uint64_t cookie, uint32_t flags, uint64_t grace_ms) {
  return or_else(0, [&] {
    if (flags == 0) return session->session.cancel(cookie) ? 1 : 0;
    if (flags != RM_CANCEL_FORCE) return 0;
    ringmaster::Force force;
    force.grace = std::chrono::milliseconds(std::min<uint64_t>(grace_ms, kLongestGraceMs));
    return session->session.cancel(cookie, force) ? 1 : 0;
  });
}

const rm_handler_info* rm_session_handler(const rm_session* session, uint64_t index) {
  return session->handlers.at(index);
}

}  // extern "C"
