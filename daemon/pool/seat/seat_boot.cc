#include "daemon/pool/seat/seat_boot.h"

namespace ringmaster::daemon {

bool SeatBoot::on_hello(Seat& seat, const worker_link::Hello& hello) const {
  if (hello.abi != worker_link::kAbiVersion) {
    seat.boot_error = "it speaks version " + std::to_string(hello.abi) + " of the worker link, the daemon speaks " +
                      std::to_string(worker_link::kAbiVersion) + "; build it with the installed worker library";
    return false;
  }
  seat.said_pid = hello.pid;
  seat.process->send(rules_.settings);
  seat.process->send(worker_link::Claiming{true});  // every worker begins as a spare
  return true;
}

bool SeatBoot::on_chunk(Seat& seat, const worker_link::HandlersChunk& chunk) {
  if (chunk.number != seat.next_chunk || seat.handler_bytes.size() + chunk.bytes.size() > kMaxHandlerTableBytes) {
    seat.boot_error = "its table of handlers came out of order or is too large";
    return false;
  }
  ++seat.next_chunk;
  seat.handler_bytes.insert(seat.handler_bytes.end(), chunk.bytes.begin(), chunk.bytes.end());
  if (!chunk.last) return true;
  auto handlers = decode_handlers(seat.handler_bytes);
  if (!handlers) {
    seat.boot_error = "its table of handlers is wrong: " + handlers.error().message;
    return false;
  }
  handlers_.set(std::move(*handlers), seat.handler_bytes);
  return true;
}

std::optional<core::TimePoint> SeatBoot::deadline(const Seat& seat) const {
  if (!seat.process || seat.ready || seat.verdict) return std::nullopt;
  return seat.started + rules_.timeout;
}

bool SeatBoot::timed_out(Seat& seat, core::TimePoint now) const {
  const auto by = deadline(seat);
  if (!by || now < *by) return false;
  seat.boot_error = "not ready within " + core::to_string(rules_.timeout);
  return true;
}

}  // namespace ringmaster::daemon
