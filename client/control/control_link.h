#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "client/control/message/replies.h"
#include "client/control/message/requests.h"
#include "client/types/outcome.h"
#include "proto/frame.h"

namespace ringmaster::client {

/// The code of an Error when the connection broke after the request may have been sent.
inline constexpr int kConnectionLost = 104;  // ECONNRESET

/// The code of an Error that the daemon answered is its ErrorCode plus this: no errno is that large.
inline constexpr int kRefusedByDaemon = 10'000;

struct ControlAnswer {
  Reply reply;
  std::vector<UniqueFd> fds;
};

/// One blocking connection of the control protocol. Connects and says hello when needed, and again, with bounded
/// backoff, after a restart of the daemon. Thread-safe; one request at a time. In a forked child every call fails: two
/// processes on one connection would read each other's answers.
class ControlLink {
 public:
  /// `patience`: how long to wait for an ordinary answer, and for the daemon to come back. `busy_timeout`: how long to
  /// try a first connection while the daemon has too many. `administers`: see ConnectOptions.
  ControlLink(std::string socket, std::string name, Duration patience, Duration busy_timeout = Duration(0),
              bool administers = false);

  /// A connection like this one, for a request whose answer may take long: others need not wait for it.
  [[nodiscard]] ControlLink another() const {
    return ControlLink(socket_, name_, patience_, busy_timeout_, administers_);
  }

  /// Connects now; does not wait for a daemon that is not there.
  [[nodiscard]] Result<void> connect();

  enum class Resend : bool { No, Yes };
  /// Sends `request` (with an id of its own) and waits for the reply. With Resend::Yes it is sent again on a new
  /// connection if the old one breaks; REQUIRES then: doing it twice does no harm. An error reply is an answer, see
  /// expect(). Text that is not UTF-8 is refused here. `limit`: how long to wait for the reply; unset: the patience.
  [[nodiscard]] Result<ControlAnswer> ask(const EncodedRequest& request, Resend resend = Resend::Yes,
                                          std::optional<Duration> limit = std::nullopt);

  /// Sends `request` only if connected, for what concerns only the current connection; the answer is dropped.
  void tell_if_connected(const EncodedRequest& request, Duration limit);

  /// As ask(), but tries at most twice and for about `limit` in all; nullopt: no answer. For what is useful but not
  /// needed.
  [[nodiscard]] std::optional<ControlAnswer> ask_soon(const EncodedRequest& request, Duration limit);

  /// The id of the daemon of the last connection: another one after a restart of the daemon, the same after a restart
  /// of its supervisor. 0: never connected.
  [[nodiscard]] std::uint64_t daemon_id();
  [[nodiscard]] bool forked() const noexcept;
  [[nodiscard]] const std::string& socket() const noexcept { return socket_; }
  [[nodiscard]] Duration patience() const noexcept { return patience_; }

 private:
  [[nodiscard]] Result<void> connect_once(Duration limit);
  [[nodiscard]] Result<void> greet(Duration limit);
  [[nodiscard]] Result<void> connect_with_patience();
  [[nodiscard]] Result<ControlAnswer> exchange(const EncodedRequest& request, Duration limit);
  [[nodiscard]] Result<void> send_all(const std::string& frame, Duration limit);
  void drop() noexcept;

  const std::string socket_;
  const std::string name_;
  const Duration patience_;
  const Duration busy_timeout_;
  const bool administers_;
  const std::uint32_t fork_generation_;
  std::timed_mutex mutex_;
  UniqueFd fd_;
  bool was_connected_ = false;
  std::uint64_t daemon_id_ = 0;
  wire::FrameDecoder decoder_;
  std::uint64_t last_id_ = 0;
};

/// The daemon's code, if the Error is a refusal that it answered.
[[nodiscard]] std::optional<ErrorCode> refusal_of(const Error& error) noexcept;

/// True if the daemon refused because of a limit that clears when others end: too many connections, sessions or jobs.
[[nodiscard]] bool refused_for_now(const Error& error) noexcept;

/// Turns an error reply into an Error with its message and kRefusedByDaemon + its code. Any other kind of reply than
/// `wanted` is an Error too: a breach of the protocol.
[[nodiscard]] Result<ControlAnswer> expect(Result<ControlAnswer> answer, ReplyKind wanted);

/// ask(), expect() and the answer read, where no descriptors come with it: ask_for<HandlersReply>(link, …).
template <typename T>
[[nodiscard]] Result<T> ask_for(ControlLink& link, const EncodedRequest& request) {
  const auto answer = expect(link.ask(request), T::kKind);
  if (!answer) return answer.error();
  return T::read(answer->reply.body());
}

}  // namespace ringmaster::client
