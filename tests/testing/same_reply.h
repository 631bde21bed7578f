#pragma once

#include <algorithm>
#include <span>

#include "client/control/message/replies.h"
#include "proto/control.pb.h"
#include "proto/handler_table.h"

/// Whether the client library's values say what protobuf's generated classes read from the same bytes.
namespace ringmaster::testing {

namespace v1 = control::v1;

inline Duration duration_of(std::uint64_t count, std::uint64_t ns_each) {
  const auto most = static_cast<std::uint64_t>(Duration::max().count()) / ns_each;
  return Duration(static_cast<std::int64_t>(std::min(count, most) * ns_each));
}
inline Duration ms_of(std::uint64_t ms) { return duration_of(ms, 1'000'000); }

inline bool same(const client::ErrorReply& ours, const v1::Error& theirs) {
  return static_cast<int>(ours.code) == static_cast<int>(theirs.code()) && ours.message == theirs.message() &&
         ours.needed == theirs.needed() && ours.limit == theirs.limit();
}

inline bool same(const client::HelloReply& ours, const v1::HelloReply& theirs) {
  return ours.daemon_id == theirs.daemon_id();
}

/// Compares handlers by their table, which is what the library reads.
inline bool same(const PoolHandlers& ours, const v1::PoolHandlers& theirs) {
  if (ours.pool != theirs.pool() || ours.known != theirs.known()) return false;
  if (ours.default_timeout != ms_of(theirs.run_timeout_ms()) || ours.max_timeout != ms_of(theirs.max_run_timeout_ms()))
    return false;
  if (ours.default_queue_timeout != ms_of(theirs.queue_timeout_ms())) return false;
  if (ours.max_request_ring_bytes != theirs.max_request_ring_bytes()) return false;
  if (ours.max_result_ring_bytes != theirs.max_result_ring_bytes()) return false;
  if (!theirs.known()) return ours.handlers.empty();
  const auto ours_again = encode_handlers(ours.handlers);
  const auto read = decode_handlers(std::as_bytes(std::span(theirs.table())));
  if (!ours_again || !read) return false;
  const auto theirs_again = encode_handlers(*read);
  return theirs_again && *ours_again == *theirs_again;
}

inline bool same(const client::SessionReply& ours, const v1::SessionFds& theirs) {
  return ours.serial == theirs.serial() && ours.cookie.high == theirs.cookie_high() &&
         ours.cookie.low == theirs.cookie_low() && ours.request_segment_bytes == theirs.request_segment_bytes() &&
         ours.reply_segment_bytes == theirs.reply_segment_bytes() && same(ours.pool, theirs.pool()) &&
         ours.spin == duration_of(theirs.spin_ns(), 1) && ours.clock_ns == theirs.clock_ns();
}

inline Status status_of(v1::OutcomeKind kind) {
  switch (kind) {
    case v1::OUTCOME_DONE:
      return Status::Done;
    case v1::OUTCOME_CRASHED:
      return Status::Crashed;
    case v1::OUTCOME_TIMED_OUT:
      return Status::TimedOut;
    case v1::OUTCOME_CANCELLED:
      return Status::Cancelled;
    case v1::OUTCOME_REFUSED:
      return Status::Refused;
    case v1::OUTCOME_LOST:
      return Status::Lost;
    default:
      return Status::Failed;
  }
}

inline bool same(const client::OutcomeReply& ours, const v1::Outcome& theirs) {
  const OutcomeFacts& facts = ours.facts;
  const bool known = theirs.cause() <= static_cast<std::uint32_t>(kLastCause);
  return facts.job_id == theirs.job_id() && facts.status == status_of(theirs.kind()) &&
         facts.cause == (known ? static_cast<Cause>(theirs.cause()) : Cause::None) &&
         facts.detail == static_cast<std::uint16_t>(theirs.detail()) && facts.message == theirs.message() &&
         ours.result == theirs.result() && ours.spilled_bytes == theirs.spilled_bytes() &&
         facts.needed_bytes == theirs.needed_bytes() && facts.attempts == theirs.attempt() &&
         facts.timings.queued == duration_of(theirs.queued_ns(), 1) &&
         facts.timings.run == duration_of(theirs.run_ns(), 1) && facts.stack == theirs.stack() &&
         facts.worker == theirs.worker() && facts.handler == theirs.handler() && facts.what == theirs.what() &&
         facts.core == theirs.core();
}

inline bool same(const client::CancelledReply& ours, const v1::Cancelled& theirs) {
  return ours.was_queued == theirs.was_queued() && ours.already_ended == theirs.already_ended() &&
         ours.forced == theirs.forced() && ours.grace_ms == theirs.grace_ms();
}

inline bool same(const client::HandlersReply& ours, const v1::Handlers& theirs) {
  return std::equal(ours.pools.begin(), ours.pools.end(), theirs.pools().begin(), theirs.pools().end(),
                    [](const PoolHandlers& one, const v1::PoolHandlers& other) { return same(one, other); });
}

inline bool same(const client::PoolCreatedReply& ours, const v1::PoolCreated& theirs) {
  return ours.name == theirs.name() && ours.id == theirs.id();
}

inline bool same(const client::ParcelReply& ours, const v1::Parcel& theirs) {
  return ours.number == theirs.number() && ours.bytes == theirs.bytes();
}

inline bool same(const client::StackReply& ours, const v1::Stack& theirs) {
  return ours.stack == theirs.stack() && ours.worker == theirs.worker() && ours.handler == theirs.handler() &&
         ours.what == theirs.what() && ours.core == theirs.core();
}

/// The answer in `reply` by its kind: calls `look(read, generated)` with our Result and the generated message; does
/// nothing for a kind that the library does not read.
template <typename Look>
void with_answer(const client::Reply& reply, const v1::Reply& theirs, Look&& look) {
  using client::ReplyKind;
  switch (reply.kind()) {
    case ReplyKind::Error:
      return look(client::ErrorReply::read(reply.body()), theirs.error());
    case ReplyKind::Hello:
      return look(client::HelloReply::read(reply.body()), theirs.hello());
    case ReplyKind::SessionFds:
      return look(client::SessionReply::read(reply.body()), theirs.session_fds());
    case ReplyKind::Outcome:
      return look(client::OutcomeReply::read(reply.body()), theirs.outcome());
    case ReplyKind::Cancelled:
      return look(client::CancelledReply::read(reply.body()), theirs.cancelled());
    case ReplyKind::Handlers:
      return look(client::HandlersReply::read(reply.body()), theirs.handlers());
    case ReplyKind::PoolCreated:
      return look(client::PoolCreatedReply::read(reply.body()), theirs.pool_created());
    case ReplyKind::Parcel:
      return look(client::ParcelReply::read(reply.body()), theirs.parcel());
    case ReplyKind::Stack:
      return look(client::StackReply::read(reply.body()), theirs.stack());
    case ReplyKind::None:
    case ReplyKind::SessionReady:
    case ReplyKind::Closed:
    case ReplyKind::Accepted:
    case ReplyKind::Status:
    case ReplyKind::Done:
    case ReplyKind::Health:
    case ReplyKind::SpilledResult:
      return;
  }
}

/// Every answer that the library reads, each field set to a value of its own.
inline std::vector<v1::Reply> every_answer() {
  std::vector<v1::Reply> all(9);
  for (std::size_t at = 0; at < all.size(); ++at) all[at].set_id(at + 300);
  v1::Error& error = *all[0].mutable_error();
  error.set_code(v1::ERROR_QUOTA);
  error.set_message("uid 7 has 64 of at most 64 sessions");
  error.set_needed(65);
  error.set_limit(64);
  all[1].mutable_hello()->set_version(1);
  all[1].mutable_hello()->set_daemon("ringmasterd 9.9");
  all[1].mutable_hello()->set_daemon_id(0xFEDC'BA98'7654'3210);
  all[1].mutable_hello()->set_admin(true);
  v1::PoolHandlers pool;
  pool.set_pool("images");
  pool.set_known(true);
  pool.set_max_request_ring_bytes(1 << 30);
  pool.set_max_result_ring_bytes(1 << 29);
  pool.set_queue_timeout_ms(5000);
  pool.set_run_timeout_ms(60'000);
  pool.set_max_run_timeout_ms(600'000);
  HandlerDescription echo;
  echo.name = "echo";
  echo.summary = "gives back what it gets";
  echo.takes_parcels = true;
  const auto table = encode_handlers(std::span(&echo, 1)).value();
  pool.set_table(table.data(), table.size());
  pool.add_handlers()->set_name("echo");
  v1::SessionFds& session = *all[2].mutable_session_fds();
  session.set_serial(7);
  session.set_index(3);
  session.set_cookie_high(0x8000'0000'0000'0001);
  session.set_cookie_low(2);
  session.set_slots(64);
  session.set_request_segment_bytes(1 << 20);
  session.set_reply_segment_bytes(1 << 21);
  session.set_spin_ns(50'000);
  session.set_clock_ns(123'456'789'012);
  *session.mutable_pool() = pool;
  v1::Outcome& outcome = *all[3].mutable_outcome();
  outcome.set_job_id(1ULL << 40);
  outcome.set_kind(v1::OUTCOME_CRASHED);
  outcome.set_cause(static_cast<std::uint32_t>(kLastCause));
  outcome.set_cause_name("crashed");
  outcome.set_detail(11);
  outcome.set_message("a fault");
  outcome.set_result(std::string("a\0b", 3));
  outcome.set_needed_bytes(99);
  outcome.set_spilled_bytes(1ULL << 40);
  outcome.set_attempt(2);
  outcome.set_queued_ns(1000);
  outcome.set_run_ns(2000);
  outcome.set_stack("resize.cc:88");
  outcome.set_worker("images[1]");
  outcome.set_handler("thumbnail");
  outcome.set_what("at 0x10");
  outcome.set_core("core.7");
  v1::Cancelled& cancelled = *all[4].mutable_cancelled();
  cancelled.set_was_queued(true);
  cancelled.set_already_ended(true);
  cancelled.set_forced(true);
  cancelled.set_grace_ms(1500);
  *all[5].mutable_handlers()->add_pools() = pool;
  all[5].mutable_handlers()->add_pools()->set_pool("starting");
  v1::Stack& stack = *all[6].mutable_stack();
  stack.set_job_id(5);
  stack.set_stack("main");
  stack.set_full_stack("main\n_start");
  stack.set_worker("images[0]");
  stack.set_handler("echo");
  stack.set_cause("killed");
  stack.set_what("bad_alloc");
  stack.set_core("none");
  all[7].mutable_pool_created()->set_name("u1000.pdf");
  all[7].mutable_pool_created()->set_id(std::uint64_t{7} << 32 | 1);
  all[8].mutable_parcel()->set_number(12);
  all[8].mutable_parcel()->set_bytes(1ULL << 40);
  return all;
}

}  // namespace ringmaster::testing
