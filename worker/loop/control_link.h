#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "proto/worker_link.h"
#include "worker/job/result_room.h"

namespace ringmaster::worker {

/// The worker's end of the control socket. Does not own the descriptor, which has a fixed number and is never closed.
class ControlLink {
 public:
  explicit ControlLink(int socket) : socket_(socket) {}

  /// Blocks while the socket's buffer is full. An error means that the daemon is gone.
  [[nodiscard]] Result<void> send(const worker_link::ToSupervisor& message);

  struct Incoming {
    worker_link::ToWorker message;
    std::vector<UniqueFd> fds;
  };
  /// Does not block; nullopt: no message. An error: the daemon is gone (closed() is true), or the message is malformed.
  [[nodiscard]] Result<std::optional<Incoming>> receive();

  /// Asks for room, and waits for the answer for as long as it takes: the job's deadline is the supervisor's business.
  /// Whatever else comes meanwhile is kept for receive(). An Error: there is none, or the daemon is gone.
  /// `question`: AskRoom, or AskParcel for the request of a job that this worker has claimed.
  template <typename Question>
  [[nodiscard]] Result<ResultRoom::Given> ask(Question question);
  /// True if receive() has a message that poll() does not tell of.
  [[nodiscard]] bool keeps() const noexcept { return !kept_.empty() || lost_; }

  [[nodiscard]] bool closed() const noexcept { return closed_; }
  [[nodiscard]] int fd() const noexcept { return socket_; }

 private:
  [[nodiscard]] Result<std::optional<Incoming>> read();
  [[nodiscard]] std::optional<Result<ResultRoom::Given>> answer_in(Incoming& incoming) const;

  int socket_;
  std::uint32_t asked_ = 0;  // the number of the last question
  std::deque<Incoming> kept_;
  std::optional<Error> lost_;  // what ended a question, for the next receive()
  bool closed_ = false;
  std::array<std::byte, worker_link::kMaxMessageBytes> buffer_{};
};

}  // namespace ringmaster::worker
