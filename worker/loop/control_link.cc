#include "worker/loop/control_link.h"

#include <sys/socket.h>

#include <cerrno>

#include "proto/fd_passing.h"

namespace ringmaster::worker {

Result<void> ControlLink::send(const worker_link::ToSupervisor& message) {
  const auto sent = wire::send_with_fds(socket_, worker_link::encode(message), {});
  if (sent) return {};
  closed_ = sent.error().code == EPIPE || sent.error().code == ECONNRESET;
  return sent.error();
}

Result<std::optional<ControlLink::Incoming>> ControlLink::receive() {
  auto packet = wire::receive_with_fds(socket_, buffer_, MSG_DONTWAIT);
  if (!packet) {
    if (packet.error().code == EAGAIN) return std::optional<Incoming>();
    closed_ = packet.error().code == ECONNRESET;
    return packet.error();
  }
  if (packet->size == 0) {
    closed_ = true;
    return Error{"the daemon closed the control socket"};
  }
  auto message = worker_link::decode_to_worker(std::span(buffer_).first(packet->size), packet->fds.size());
  if (!message) return message.error();
  return std::optional<Incoming>(Incoming{*message, std::move(packet->fds)});
}

}  // namespace ringmaster::worker
