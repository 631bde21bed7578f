#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "client/types/outcome.h"
#include "proto/control.pb.h"
#include "proto/frame.h"

namespace ringmaster::client {

/// The code of an Error that says that the connection broke after the request may have been sent.
inline constexpr int kConnectionLost = 104;  // ECONNRESET

/// Added to the control::v1::ErrorCode of an Error that the daemon answered: no errno is that large.
inline constexpr int kRefusedByDaemon = 10'000;

struct ControlAnswer {
  control::v1::Reply reply;
  std::vector<UniqueFd> fds;
};

/// One blocking connection of the control protocol: connects and says hello when needed, asks one thing at a time,
/// comes back after a restart of the daemon with bounded backoff. Thread-safe; one question is on its way at a time.
/// In a forked child everything refuses: two processes that read one connection would take each other's answers.
class ControlLink {
 public:
  /// `patience`: for an ordinary answer, and for the daemon to come back. `busy_timeout`: for a first connection while
  /// the daemon has too many. `administers`: see ConnectOptions.
  ControlLink(std::string socket, std::string name, Duration patience, Duration busy_timeout = Duration(0),
              bool administers = false);

  /// Connects now, without patience for a daemon that is not there.
  [[nodiscard]] Result<void> connect();

  enum class Resend : bool { No, Yes };
  /// Sends `request` (its id is filled in) and waits for the reply. With Resend::Yes it is sent again on a new
  /// connection when the old one breaks; REQUIRES then: doing it twice does no harm. An error reply is an answer, see
  /// expect(). `limit`: for the reply; unset: the patience.
  [[nodiscard]] Result<ControlAnswer> ask(control::v1::Request request, Resend resend = Resend::Yes,
                                          std::optional<Duration> limit = std::nullopt);

  /// The same without patience, for what is of use only to the daemon that is connected now; its answer is dropped.
  void tell_if_connected(control::v1::Request request, Duration limit);

  /// The same, for at most about `limit` in all, and nothing is sent a third time: for what is good to know. nullopt:
  /// no answer.
  [[nodiscard]] std::optional<ControlAnswer> ask_soon(control::v1::Request request, Duration limit);

  /// What the daemon of the last connection called itself: differs between daemons' lives, not between their
  /// supervisors'. 0: never connected.
  [[nodiscard]] std::uint64_t daemon_id();
  [[nodiscard]] bool forked() const noexcept;
  [[nodiscard]] const std::string& socket() const noexcept { return socket_; }
  [[nodiscard]] Duration patience() const noexcept { return patience_; }

 private:
  [[nodiscard]] Result<void> connect_once(Duration limit);
  [[nodiscard]] Result<void> connect_with_patience();
  [[nodiscard]] Result<ControlAnswer> exchange(control::v1::Request& request, Duration limit);
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

/// Whether the daemon refused for a limit that clears by itself when others end: too many connections, sessions or
/// jobs.
[[nodiscard]] bool refused_for_now(const Error& error) noexcept;

/// An error reply as an Error with its message and kRefusedByDaemon + its code, any other kind than `wanted` as a
/// breach of the protocol.
[[nodiscard]] Result<ControlAnswer> expect(Result<ControlAnswer> answer, control::v1::Reply::BodyCase wanted);

/// ask() and expect() in one.
[[nodiscard]] inline Result<ControlAnswer> ask_for(ControlLink& link, control::v1::Request request,
                                                   control::v1::Reply::BodyCase wanted,
                                                   std::optional<Duration> limit = std::nullopt) {
  return expect(link.ask(std::move(request), ControlLink::Resend::Yes, limit), wanted);
}

}  // namespace ringmaster::client
