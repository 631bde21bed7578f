#include "client/control/message/replies.h"

#include <algorithm>
#include <protozero/pbf_reader.hpp>
#include <span>

#include "proto/handler_table.h"

namespace ringmaster::client {
namespace {

using protozero::pbf_reader;

// A field and how it is written, to be compared with what was found: a known number written in another way is skipped,
// as an unknown one is.
constexpr std::uint32_t number(std::uint32_t field) { return tag_and_type(field, protozero::pbf_wire_type::varint); }
constexpr std::uint32_t fixed(std::uint32_t field) { return tag_and_type(field, protozero::pbf_wire_type::fixed64); }
constexpr std::uint32_t text(std::uint32_t field) {
  return tag_and_type(field, protozero::pbf_wire_type::length_delimited);
}

// protozero's get_bool() looks at one byte, and a number may be written in more.
bool flag(pbf_reader& in) { return in.get_uint64() != 0; }

Duration duration(std::uint64_t count, std::uint64_t ns_each) {
  const auto most = static_cast<std::uint64_t>(Duration::max().count()) / ns_each;
  return Duration(static_cast<std::int64_t>(std::min(count, most) * ns_each));
}
Duration ns(pbf_reader& in) { return duration(in.get_uint64(), 1); }
Duration ms(pbf_reader& in) { return duration(in.get_uint64(), 1'000'000); }

// Gives each field of `message` to `take`, which reads it or skips it.
template <typename Take>
void each_field(std::string_view message, Take&& take) {
  for (pbf_reader in(message.data(), message.size()); in.next();) take(in);
}
std::string_view view(pbf_reader& in) {
  const protozero::data_view found = in.get_view();
  return {found.data(), found.size()};
}

// each_field() on `body`, which is what the daemon sent as `what`.
template <typename Take>
Result<void> read_fields(std::string_view body, const char* what, Take&& take) {
  try {
    each_field(body, take);
    return {};
  } catch (const protozero::end_of_buffer_exception&) {
    return Error{std::string("the daemon sent ") + what + " that is cut short; is it a ringmasterd?"};
  } catch (const protozero::exception&) {
    return Error{std::string("the daemon sent ") + what + " that cannot be read; is it a ringmasterd?"};
  }
}

/// A PoolHandlers message; a second one for the same field adds to the first, as in protobuf.
struct PoolMessage {
  PoolHandlers pool;
  std::string_view table;

  void take(pbf_reader& in) {
    switch (in.tag_and_type()) {
      case text(1):
        pool.pool = view(in);
        break;
      case number(2):
        pool.known = flag(in);
        break;
      case number(4):
        pool.max_request_ring_bytes = in.get_uint64();
        break;
      case number(5):
        pool.max_result_ring_bytes = in.get_uint64();
        break;
      case number(6):
        pool.default_queue_timeout = ms(in);
        break;
      case number(7):
        pool.default_timeout = ms(in);
        break;
      case number(8):
        pool.max_timeout = ms(in);
        break;
      case text(9):
        table = view(in);
        break;
      default:
        in.skip();
    }
  }
  void take_all(std::string_view message) {
    each_field(message, [this](pbf_reader& in) { take(in); });
  }
  [[nodiscard]] Result<PoolHandlers> finished() && {
    if (pool.known) {
      auto handlers = decode_handlers(std::as_bytes(std::span(table)));
      if (!handlers) return Error{"the daemon's handlers of pool \"" + pool.pool + "\": " + handlers.error().message};
      pool.handlers = std::move(*handlers);
    }
    return std::move(pool);
  }
};

Status status_of_kind(std::int32_t kind) {
  switch (kind) {
    case 1:
      return Status::Done;
    case 3:
      return Status::Crashed;
    case 4:
      return Status::TimedOut;
    case 5:
      return Status::Cancelled;
    case 6:
      return Status::Refused;
    case 7:
      return Status::Lost;
    default:
      return Status::Failed;
  }
}

Cause cause_of(std::uint32_t cause) {
  return cause <= static_cast<std::uint32_t>(kLastCause) ? static_cast<Cause>(cause) : Cause::None;
}

// Those of an outcome's fields that are words.
bool take_words(OutcomeReply& into, pbf_reader& in) {
  std::string* const words = [&]() -> std::string* {
    switch (in.tag_and_type()) {
      case text(6):
        return &into.facts.message;
      case text(7):
        return &into.result;
      case text(12):
        return &into.facts.stack;
      case text(13):
        return &into.facts.worker;
      case text(14):
        return &into.facts.handler;
      case text(15):
        return &into.facts.what;
      case text(16):
        return &into.facts.core;
      default:
        return nullptr;
    }
  }();
  if (words != nullptr) *words = view(in);
  return words != nullptr;
}

void take(OutcomeReply& into, pbf_reader& in) {
  if (take_words(into, in)) return;
  OutcomeFacts& facts = into.facts;
  switch (in.tag_and_type()) {
    case number(1):
      facts.job_id = in.get_uint64();
      break;
    case number(2):
      facts.status = status_of_kind(in.get_enum());
      break;
    case number(3):
      facts.cause = cause_of(in.get_uint32());
      break;
    case number(5):
      facts.detail = static_cast<std::uint16_t>(in.get_uint32());
      break;
    case number(8):
      facts.needed_bytes = in.get_uint64();
      break;
    case number(9):
      facts.attempts = in.get_uint32();
      break;
    case number(10):
      facts.timings.queued = ns(in);
      break;
    case number(11):
      facts.timings.run = ns(in);
      break;
    case number(17):
      into.spilled_bytes = in.get_uint64();
      break;
    default:
      in.skip();
  }
}

void take(SessionReply& into, PoolMessage& pool, pbf_reader& in) {
  switch (in.tag_and_type()) {
    case number(1):
      into.serial = in.get_uint32();
      break;
    case fixed(3):
      into.cookie.high = in.get_fixed64();
      break;
    case fixed(4):
      into.cookie.low = in.get_fixed64();
      break;
    case number(8):
      into.request_segment_bytes = in.get_uint64();
      break;
    case number(9):
      into.reply_segment_bytes = in.get_uint64();
      break;
    case text(10):
      pool.take_all(view(in));
      break;
    case number(11):
      into.spin = ns(in);
      break;
    case number(16):
      into.clock_ns = in.get_uint64();
      break;
    default:
      in.skip();
  }
}

void take(ParcelReply& into, pbf_reader& in) {
  switch (in.tag_and_type()) {
    case number(1):
      into.number = in.get_uint32();
      break;
    case number(2):
      into.bytes = in.get_uint64();
      break;
    default:
      in.skip();
  }
}

}  // namespace

Result<Reply> Reply::read(std::string bytes_of_frame) {
  Reply reply;
  reply.bytes_ = std::move(bytes_of_frame);
  bool twice = false;
  const auto readable = read_fields(reply.bytes_, "an answer", [&](pbf_reader& in) {
    constexpr auto kFirst = static_cast<std::uint32_t>(ReplyKind::Error);
    constexpr auto kLast = static_cast<std::uint32_t>(ReplyKind::Parcel);
    if (in.tag_and_type() == number(1)) {
      reply.id_ = in.get_uint64();
    } else if (in.tag() >= kFirst && in.tag() <= kLast && in.tag_and_type() == text(in.tag())) {
      twice = twice || reply.kind_ != ReplyKind::None;
      reply.kind_ = static_cast<ReplyKind>(in.tag());
      const std::string_view body = view(in);
      reply.begin_ = static_cast<std::size_t>(body.data() - reply.bytes_.data());
      reply.size_ = body.size();
    } else {
      in.skip();
    }
  });
  if (!readable) return readable.error();
  if (twice) return Error{"the daemon sent two answers as one; is it a ringmasterd?"};
  return reply;
}

Result<ErrorReply> ErrorReply::read(std::string_view body) {
  ErrorReply error;
  const auto readable = read_fields(body, "an error", [&](pbf_reader& in) {
    switch (in.tag_and_type()) {
      case number(1):
        error.code = static_cast<ErrorCode>(in.get_enum());
        break;
      case text(2):
        error.message = view(in);
        break;
      case number(3):
        error.needed = in.get_uint64();
        break;
      case number(4):
        error.limit = in.get_uint64();
        break;
      default:
        in.skip();
    }
  });
  if (!readable) return readable.error();
  return error;
}

Result<HelloReply> HelloReply::read(std::string_view body) {
  HelloReply hello;
  const auto readable = read_fields(body, "a greeting", [&](pbf_reader& in) {
    if (in.tag_and_type() != number(3)) return in.skip();
    hello.daemon_id = in.get_uint64();
  });
  if (!readable) return readable.error();
  return hello;
}

Result<SessionReply> SessionReply::read(std::string_view body) {
  SessionReply session;
  PoolMessage message;
  const auto readable = read_fields(body, "a session", [&](pbf_reader& in) { take(session, message, in); });
  if (!readable) return readable.error();
  auto pool = std::move(message).finished();
  if (!pool) return pool.error();
  session.pool = std::move(*pool);
  return session;
}

Result<OutcomeReply> OutcomeReply::read(std::string_view body) {
  OutcomeReply outcome;
  outcome.facts.status = status_of_kind(0);
  const auto readable = read_fields(body, "an outcome", [&](pbf_reader& in) { take(outcome, in); });
  if (!readable) return readable.error();
  return outcome;
}

Result<CancelledReply> CancelledReply::read(std::string_view body) {
  CancelledReply cancelled;
  const auto readable = read_fields(body, "an answer to a cancel", [&](pbf_reader& in) {
    switch (in.tag_and_type()) {
      case number(1):
        cancelled.was_queued = flag(in);
        break;
      case number(2):
        cancelled.already_ended = flag(in);
        break;
      case number(3):
        cancelled.forced = flag(in);
        break;
      case number(4):
        cancelled.grace_ms = in.get_uint32();
        break;
      default:
        in.skip();
    }
  });
  if (!readable) return readable.error();
  return cancelled;
}

Result<HandlersReply> HandlersReply::read(std::string_view body) {
  std::vector<PoolMessage> messages;
  const auto readable = read_fields(body, "a list of handlers", [&](pbf_reader& in) {
    if (in.tag_and_type() != text(1)) return in.skip();
    messages.emplace_back().take_all(view(in));
  });
  if (!readable) return readable.error();
  HandlersReply handlers;
  for (PoolMessage& one : messages) {
    auto pool = std::move(one).finished();
    if (!pool) return pool.error();
    handlers.pools.push_back(std::move(*pool));
  }
  return handlers;
}

Result<PoolCreatedReply> PoolCreatedReply::read(std::string_view body) {
  PoolCreatedReply created;
  const auto readable = read_fields(body, "a pool", [&](pbf_reader& in) {
    if (in.tag_and_type() == text(1)) {
      created.name = view(in);
    } else if (in.tag_and_type() == number(2)) {
      created.id = in.get_uint64();
    } else {
      in.skip();
    }
  });
  if (!readable) return readable.error();
  return created;
}

Result<ParcelReply> ParcelReply::read(std::string_view body) {
  ParcelReply parcel;
  const auto readable = read_fields(body, "a parcel", [&](pbf_reader& in) { take(parcel, in); });
  if (!readable) return readable.error();
  return parcel;
}

Result<StackReply> StackReply::read(std::string_view body) {
  StackReply stack;
  const auto readable = read_fields(body, "a stack", [&](pbf_reader& in) {
    switch (in.tag_and_type()) {
      case text(2):
        stack.stack = view(in);
        break;
      case text(4):
        stack.worker = view(in);
        break;
      case text(5):
        stack.handler = view(in);
        break;
      case text(7):
        stack.what = view(in);
        break;
      case text(8):
        stack.core = view(in);
        break;
      default:
        in.skip();
    }
  });
  if (!readable) return readable.error();
  return stack;
}

}  // namespace ringmaster::client
