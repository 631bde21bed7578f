#include "worker/loop/control_link.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>
#include <variant>

#include "proto/fd_passing.h"

namespace ringmaster::worker {
namespace {

bool is_answer(const worker_link::ToWorker& message) {
  return std::holds_alternative<worker_link::Room>(message) || std::holds_alternative<worker_link::NoRoom>(message);
}

}  // namespace

Result<void> ControlLink::send(const worker_link::ToSupervisor& message) {
  const auto sent = wire::send_with_fds(socket_, worker_link::encode(message), {});
  if (sent) return {};
  closed_ = sent.error().code == EPIPE || sent.error().code == ECONNRESET;
  return sent.error();
}

Result<std::optional<ControlLink::Incoming>> ControlLink::receive() {
  if (!kept_.empty()) {
    std::optional<Incoming> next(std::move(kept_.front()));
    kept_.pop_front();
    return next;
  }
  if (lost_) return *lost_;
  return read();
}

template <typename Question>
Result<ResultRoom::Given> ControlLink::ask(Question question) {
  const auto put = [&] {
    question.number = ++asked_ != 0 ? asked_ : ++asked_;
    return send(question);
  };
  auto sent = put();
  while (sent) {
    pollfd polled{socket_, POLLIN, 0};
    (void)::poll(&polled, 1, -1);
    auto incoming = read();
    if (!incoming) {
      lost_ = incoming.error();
      return *lost_;
    }
    if (!incoming->has_value()) continue;
    if (auto answer = answer_in(**incoming)) return std::move(*answer);
    const bool successor = std::holds_alternative<worker_link::Claiming>((*incoming)->message);
    if (!is_answer((*incoming)->message)) kept_.push_back(std::move(**incoming));
    // The first word of a successor: the supervisor that was asked may have died with the question.
    if (successor) sent = put();
  }
  lost_ = sent.error();
  return *lost_;
}

template Result<ResultRoom::Given> ControlLink::ask(worker_link::AskRoom question);
template Result<ResultRoom::Given> ControlLink::ask(worker_link::AskParcel question);

// nullopt: another message, or the answer to an earlier question, whose file may have been replaced since.
std::optional<Result<ResultRoom::Given>> ControlLink::answer_in(Incoming& incoming) const {
  if (const auto* room = std::get_if<worker_link::Room>(&incoming.message); room != nullptr && room->number == asked_)
    return ResultRoom::Given{room->bytes, std::move(incoming.fds.front())};
  if (const auto* none = std::get_if<worker_link::NoRoom>(&incoming.message); none != nullptr && none->number == asked_)
    return Error{none->why};
  return std::nullopt;
}

Result<std::optional<ControlLink::Incoming>> ControlLink::read() {
  std::optional<Incoming> incoming;
  auto packet = wire::receive_with_fds(socket_, buffer_, MSG_DONTWAIT);
  if (!packet) {
    if (packet.error().code == EAGAIN) return incoming;
    closed_ = packet.error().code == ECONNRESET;
    return packet.error();
  }
  if (packet->size == 0) {
    closed_ = true;
    return Error{"the daemon closed the control socket"};
  }
  auto message = worker_link::decode_to_worker(std::span(buffer_).first(packet->size), packet->fds.size());
  if (!message) return message.error();
  incoming = Incoming{*message, std::move(packet->fds)};
  return incoming;
}

}  // namespace ringmaster::worker
