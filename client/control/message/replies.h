#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/control/message/error_code.h"
#include "client/control/message/requests.h"
#include "client/types/options.h"
#include "client/types/outcome.h"

/// What the daemon answers, from bytes to values; proto/control.proto says what each field means. Only what the library
/// uses is read. Bytes that are no such message are an Error; fields that are not known are skipped. Pure.
namespace ringmaster::client {

/// Which answer it is: its field in Reply.
enum class ReplyKind : std::uint32_t {
  None = 0,  ///< none that this library knows
  Error = 2,
  Hello = 3,
  SessionFds = 4,
  SessionReady = 5,
  Closed = 6,
  Accepted = 7,
  Outcome = 8,
  Cancelled = 9,
  Handlers = 10,
  Status = 11,
  Done = 12,
  Stack = 13,
  Health = 14,
  PoolCreated = 15,
  SpilledResult = 16,
  Parcel = 17,
};

/// A Reply whose answer is not read yet.
class Reply {
 public:
  /// `bytes`: the body of a frame.
  [[nodiscard]] static Result<Reply> read(std::string bytes);

  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  [[nodiscard]] ReplyKind kind() const noexcept { return kind_; }
  /// The answer's own message, for the read() of its kind.
  [[nodiscard]] std::string_view body() const noexcept { return std::string_view(bytes_).substr(begin_, size_); }
  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

 private:
  std::string bytes_;
  std::uint64_t id_ = 0;
  ReplyKind kind_ = ReplyKind::None;
  std::size_t begin_ = 0;
  std::size_t size_ = 0;
};

struct ErrorReply {
  static constexpr ReplyKind kKind = ReplyKind::Error;
  ErrorCode code = ErrorCode::Unspecified;
  std::string message;
  std::uint64_t needed = 0;
  std::uint64_t limit = 0;
  [[nodiscard]] static Result<ErrorReply> read(std::string_view body);
};

struct HelloReply {
  static constexpr ReplyKind kKind = ReplyKind::Hello;
  std::uint64_t daemon_id = 0;
  [[nodiscard]] static Result<HelloReply> read(std::string_view body);
};

struct SessionReply {
  static constexpr ReplyKind kKind = ReplyKind::SessionFds;
  std::uint32_t serial = 0;
  MessageCookie cookie;
  std::uint64_t request_segment_bytes = 0;
  std::uint64_t reply_segment_bytes = 0;
  PoolHandlers pool;
  Duration spin{0};
  std::uint64_t clock_ns = 0;
  [[nodiscard]] static Result<SessionReply> read(std::string_view body);
};

struct OutcomeReply {
  static constexpr ReplyKind kKind = ReplyKind::Outcome;
  OutcomeFacts facts;
  std::string result;
  std::uint64_t spilled_bytes = 0;
  [[nodiscard]] static Result<OutcomeReply> read(std::string_view body);
};

struct CancelledReply {
  static constexpr ReplyKind kKind = ReplyKind::Cancelled;
  bool was_queued = false;
  bool already_ended = false;
  bool forced = false;
  std::uint32_t grace_ms = 0;
  [[nodiscard]] static Result<CancelledReply> read(std::string_view body);
};

struct HandlersReply {
  static constexpr ReplyKind kKind = ReplyKind::Handlers;
  std::vector<PoolHandlers> pools;
  [[nodiscard]] static Result<HandlersReply> read(std::string_view body);
};

struct PoolCreatedReply {
  static constexpr ReplyKind kKind = ReplyKind::PoolCreated;
  std::string name;
  std::uint64_t id = 0;
  [[nodiscard]] static Result<PoolCreatedReply> read(std::string_view body);
};

struct ParcelReply {
  static constexpr ReplyKind kKind = ReplyKind::Parcel;
  std::uint32_t number = 0;
  std::uint64_t bytes = 0;
  [[nodiscard]] static Result<ParcelReply> read(std::string_view body);
};

struct StackReply {
  static constexpr ReplyKind kKind = ReplyKind::Stack;
  std::string stack;
  std::string worker;
  std::string handler;
  std::string what;
  std::string core;
  [[nodiscard]] static Result<StackReply> read(std::string_view body);
};

}  // namespace ringmaster::client
