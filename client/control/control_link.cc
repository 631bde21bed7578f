#include "client/control/control_link.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <random>
#include <thread>

#include "base/check.h"
#include "base/standard_descriptors.h"
#include "base/text.h"
#include "client/control/backoff.h"
#include "client/control/connect_patience.h"
#include "client/session/fork_guard.h"
#include "client/session/wait_step.h"
#include "proto/fd_passing.h"
#include "proto/socket_path.h"

namespace ringmaster::client {
namespace {

constexpr std::uint32_t kProtocolVersion = 1;
constexpr Duration kFirstPause = std::chrono::milliseconds(5);
constexpr Duration kLongestPause = std::chrono::milliseconds(250);

Error connection_lost(const std::string& how) {
  return Error{"the connection to the daemon broke: " + how, kConnectionLost};
}

Error no_daemon(const std::string& socket, int why) {
  std::string message = "no daemon answers on " + socket + ": " + std::generic_category().message(why);
  if (why == EACCES || why == EPERM) {
    message += "; ask for membership of the socket's group, or name another socket, as $RINGMASTER_SOCKET does";
  } else {
    message += "; start one with \"ringmasterd --socket " + socket +
               "\" (or systemctl start ringmaster), or name another socket, as $RINGMASTER_SOCKET does";
  }
  return Error{std::move(message), why};
}

Error parents_connection() {
  return Error{"this connection belongs to the parent process; connect again in the child"};
}

int poll_ms(Duration left) {
  if (left >= std::chrono::hours(1)) return 3'600'000;
  return static_cast<int>(std::max<std::int64_t>(0, std::chrono::ceil<std::chrono::milliseconds>(left).count()));
}

// A stopped daemon accepts nothing: without a limit a blocking connect would wait for ever.
void limit_wait(int fd, Duration left) {
  const auto most = std::chrono::duration_cast<std::chrono::microseconds>(
      std::clamp<Duration>(left, std::chrono::milliseconds(1), std::chrono::hours(1)));
  const timeval limit{most.count() / 1'000'000, most.count() % 1'000'000};
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

Error error_of(const ErrorReply& said) {
  // A request above the limit itself will never fit.
  const bool never = said.code == ErrorCode::Quota && said.needed > said.limit;
  const ErrorCode code = never ? ErrorCode::TooLarge : said.code;
  // Numbers of a newer daemon stay above kRefusedByDaemon; a negative one is none that it may send.
  const int number = std::clamp(static_cast<int>(code), 0, kRefusedByDaemon);
  return Error{said.message.empty() ? to_string(said.code) : said.message, kRefusedByDaemon + number};
}

// True: ready; false: the time is over.
Result<bool> await(int fd, short events, const TimeLimit& limit) {
  for (;;) {
    const Duration left = limit.left();
    pollfd look{fd, events, 0};
    const int rc = ::poll(&look, 1, poll_ms(left));
    if (rc > 0) return true;
    if (rc < 0 && errno != EINTR) return errno_error("cannot wait for the control socket", errno);
    if (left <= Duration(0)) return false;
  }
}

}  // namespace

ControlLink::ControlLink(std::string socket, std::string name, Duration patience, Duration busy_timeout,
                         bool administers)
    : socket_(std::move(socket)),
      name_(std::move(name)),
      patience_(patience),
      busy_timeout_(busy_timeout),
      administers_(administers),
      fork_generation_(fork_generation()) {}

bool ControlLink::forked() const noexcept { return fork_generation() != fork_generation_; }

std::uint64_t ControlLink::daemon_id() {
  const std::lock_guard lock(mutex_);
  return daemon_id_;
}

void ControlLink::drop() noexcept {
  fd_.reset();
  decoder_ = wire::FrameDecoder();
}

Result<void> ControlLink::connect_once(Duration limit) {
  drop();
  if (const auto fits = wire::check_socket_path(socket_); !fits) return fits.error();
  if (administers_ && wire::would_start_service(socket_))
    return Error{"the daemon is not running: a service manager listens on " + socket_ +
                     " and starts it for the next job; or start it yourself (systemctl start ringmaster)",
                 ECONNREFUSED};
  UniqueFd fd = above_standard(UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)));
  if (!fd) return errno_error("cannot create a Unix socket", errno);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.c_str(), socket_.size() + 1);
  // A blocking connect: if the backlog is full the kernel wakes waiters in order, while polling could always be too
  // late.
  const TimeLimit time(limit);
  for (;;) {
    limit_wait(fd.get(), time.left());
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) break;
    if (errno != EINTR && errno != EAGAIN) return no_daemon(socket_, errno);
    // Checked after EINTR too: a timer of the program may interrupt every wait.
    if (time.left() <= Duration(0))
      return Error{"the daemon on " + socket_ + " accepts no connection; is it overloaded or stopped?", ETIMEDOUT};
  }
  ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  fd_ = std::move(fd);

  auto greeted = greet(limit);
  if (!greeted) drop();
  return greeted;
}

Result<void> ControlLink::greet(Duration limit) {
  const EncodedRequest hello = encode(HelloRequest{
      .version = kProtocolVersion, .client = std::string_view(name_).substr(0, 80), .administers = administers_});
  const auto answer = expect(exchange(hello, limit), ReplyKind::Hello);
  if (!answer) return answer.error();
  const auto said = HelloReply::read(answer->reply.body());
  if (!said) return said.error();
  was_connected_ = true;
  daemon_id_ = said->daemon_id;
  return {};
}

Result<void> ControlLink::connect_with_patience() {
  using Failure = ConnectPatience::Failure;
  using std::chrono::steady_clock;
  const auto kind_of = [](const Error& error) {
    if (refused_for_now(error)) return Failure::Busy;
    if (error.code == kConnectionLost) return Failure::Broke;
    const bool absent = error.code == ECONNREFUSED || error.code == ENOENT || error.code == EAGAIN;
    return absent ? Failure::Absent : Failure::Final;
  };
  ConnectPatience patience(steady_clock::now(), was_connected_, patience_, busy_timeout_);
  std::minstd_rand random(std::random_device{}());
  for (Backoff backoff(kFirstPause, kLongestPause);;) {
    const auto began = steady_clock::now();
    Result<void> connected = connect_once(patience_);
    if (connected) return connected;
    const Duration left = patience.left(began, steady_clock::now(), kind_of(connected.error()));
    if (left <= Duration(0)) return connected;
    std::this_thread::sleep_for(std::min(backoff.pause(static_cast<std::uint32_t>(random()) << 1), left));
  }
}

Result<void> ControlLink::connect() {
  if (forked()) return parents_connection();  // before the lock, which a thread of the parent may have held at the fork
  const std::lock_guard lock(mutex_);
  return fd_ ? Result<void>() : connect_with_patience();
}

Result<void> ControlLink::send_all(const std::string& frame, Duration limit) {
  const TimeLimit time(limit);
  std::size_t sent = 0;
  while (sent < frame.size()) {
    const ssize_t rc = ::send(fd_.get(), frame.data() + sent, frame.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (rc >= 0) {
      sent += static_cast<std::size_t>(rc);
    } else if (errno == EAGAIN) {
      const auto ready = await(fd_.get(), POLLOUT, time);
      if (!ready) return ready.error();
      if (!*ready)
        return Error{"the daemon on " + socket_ + " takes no request; is it overloaded or stopped?", ETIMEDOUT};
    } else if (errno != EINTR) {
      return connection_lost(std::generic_category().message(errno));
    }
  }
  return {};
}

Result<ControlAnswer> ControlLink::exchange(const EncodedRequest& request, Duration limit) {
  const std::string body = with_id(request, ++last_id_);
  if (body.size() > wire::kMaxFrameBytes)
    return Error{"a request of " + std::to_string(body.size()) + " bytes is too large for the socket; use a session",
                 EMSGSIZE};
  const auto sent = send_all(wire::make_frame(body), std::min(patience_, limit));
  // After a lost connection the socket may still hold the daemon's error message.
  if (!sent && sent.error().code != kConnectionLost) return sent.error();

  const TimeLimit time(limit);
  ControlAnswer answer;
  std::array<std::byte, 65536> buffer;
  for (;;) {
    while (auto frame = decoder_.take()) {
      auto reply = Reply::read(*std::move(frame));
      if (!reply) return reply.error();
      answer.reply = *std::move(reply);
      if (answer.reply.id() == last_id_ || answer.reply.id() == 0) return answer;
    }
    if (decoder_.state() != wire::FrameDecoder::State::Ok)
      return Error{"the daemon on " + socket_ + " sent garbage; is it a ringmasterd?"};
    const auto ready = await(fd_.get(), POLLIN, time);
    if (!ready) return ready.error();
    if (!*ready)
      return Error{"the daemon on " + socket_ + " gave no answer in time; is it overloaded or stopped?", ETIMEDOUT};
    auto received = wire::receive_with_fds(fd_.get(), buffer, MSG_DONTWAIT);
    if (!received) {
      if (received.error().code == EAGAIN) continue;
      if (received.error().code == ECONNRESET) return connection_lost("reset");
      return received.error();
    }
    if (received->size == 0) return connection_lost("the daemon hung up");
    for (UniqueFd& fd : received->fds) answer.fds.push_back(above_standard(std::move(fd)));
    decoder_.feed(std::span(buffer).first(received->size));
  }
}

void ControlLink::tell_if_connected(const EncodedRequest& request, Duration limit) {
  if (forked()) return;
  const std::lock_guard lock(mutex_);
  if (!fd_) return;
  const auto answer = exchange(request, limit);
  if (!answer || answer->reply.id() == 0) drop();
}

std::optional<ControlAnswer> ControlLink::ask_soon(const EncodedRequest& request, Duration limit) {
  if (forked()) return std::nullopt;
  const TimeLimit time(limit);
  const std::unique_lock lock(mutex_, limit);
  if (!lock.owns_lock()) return std::nullopt;
  // Twice: the connection may be to a supervisor that is dead by now.
  for (int tries = 0; tries < 2 && time.left() > Duration(0); ++tries) {
    if (!fd_ && !connect_once(time.left())) continue;
    auto answer = exchange(request, time.left());
    if (answer && answer->reply.id() != 0) return std::optional<ControlAnswer>(*std::move(answer));
    drop();
  }
  return std::nullopt;
}

Result<ControlAnswer> ControlLink::ask(const EncodedRequest& request, Resend resend, std::optional<Duration> limit) {
  if (forked()) return parents_connection();
  if (!request.not_text.empty()) {
    return Error{"\"" + clean_quote(request.not_text) + "\" is not UTF-8, and only UTF-8 can be sent here",
                 kRefusedByDaemon + static_cast<int>(ErrorCode::BadArgument)};
  }
  const std::lock_guard lock(mutex_);
  const TimeLimit time(patience_);
  for (;;) {
    if (!fd_) {
      if (auto connected = connect_with_patience(); !connected) return connected.error();
    }
    auto answer = exchange(request, limit.value_or(patience_));
    if (answer) {
      if (answer->reply.id() == 0) drop();  // the reply is about the connection, which the daemon closes
      return answer;
    }
    // After any failure: a late answer must not be taken for the answer to the next request.
    drop();
    if (answer.error().code != kConnectionLost || resend == Resend::No) return answer;
    if (!limit && time.left() <= Duration(0)) return answer;
  }
}

std::optional<ErrorCode> refusal_of(const Error& error) noexcept {
  if (error.code < kRefusedByDaemon) return std::nullopt;
  return static_cast<ErrorCode>(error.code - kRefusedByDaemon);
}

bool refused_for_now(const Error& error) noexcept {
  const auto refusal = refusal_of(error);
  return refusal == ErrorCode::Busy || refusal == ErrorCode::Quota || refusal == ErrorCode::QueueFull;
}

Result<ControlAnswer> expect(Result<ControlAnswer> answer, ReplyKind wanted) {
  if (!answer) return answer;
  if (answer->reply.kind() == ReplyKind::Error) {
    const auto error = ErrorReply::read(answer->reply.body());
    return error ? error_of(*error) : error.error();
  }
  if (answer->reply.kind() != wanted)
    return Error{"the daemon answered something else than was asked; client and daemon differ in version"};
  return answer;
}

}  // namespace ringmaster::client
