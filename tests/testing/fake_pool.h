#pragma once

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <thread>

#include "client/session/session_core.h"
#include "proto/handler_id.h"
#include "shm/memfd.h"
#include "shm/port/doorbell.h"
#include "shm/port/hints.h"
#include "shm/port/worker_port.h"

namespace ringmaster::testing {

/// What the fake worker does with a job: fills `result`, says how it ended.
using Behaviour = std::function<shm::JobResult(const shm::Claim& claim, const shm::JobExtents& extents)>;

inline shm::JobResult echo(const shm::Claim&, const shm::JobExtents& extents) {
  shm::JobResult result;
  result.result_bytes = extents.request.size();
  if (extents.request.size() > extents.result.size()) {
    result.state = shm::SlotState::Failed;
    result.cause = Cause::TooLarge;
    result.needed_bytes = extents.request.size();
    result.result_bytes = 0;
  } else if (!extents.request.empty()) {
    std::memcpy(extents.result.data(), extents.request.data(), extents.request.size());
  }
  return result;
}

/// Private zeroed memory for a worker's own words.
template <typename Record>
struct OwnWords {
  alignas(shm::kCacheLine) std::byte bytes[sizeof(Record)] = {};
  std::span<std::byte> span() { return bytes; }
};

/// A session's real segments, and a worker that a test steps by hand or runs in a thread over the same memory.
class FakePool {
 public:
  static constexpr std::uint32_t kSerial = 7;
  static constexpr std::uint16_t kIndex = 3;

  explicit FakePool(shm::SessionGeometry geometry = {64, 1 << 20, 1 << 20}) : geometry_(geometry) {
    request_fd_ = shm::create_segment("request", geometry.request_segment_bytes()).value();
    reply_fd_ = shm::create_segment("reply", geometry.reply_segment_bytes()).value();
    board_fd_ = shm::create_segment("board", sizeof(shm::BoardRecord)).value();
    doorbell_ = shm::create_doorbell().value();
    int pair[2];
    if (::pipe2(pair, O_CLOEXEC | O_NONBLOCK) != 0) std::abort();
    lifeline_ = UniqueFd(pair[0]);
    client_lifeline_ = UniqueFd(pair[1]);
    request_map_ = shm::Mapping::map(request_fd_.get(), shm::Access::ReadWrite).value();
    reply_map_ = shm::Mapping::map(reply_fd_.get(), shm::Access::ReadWrite).value();
    board_map_ = shm::Mapping::map(board_fd_.get(), shm::Access::ReadWrite).value();
    session_.index = kIndex;
    session_.request = shm::RequestView::format(request_map_.bytes(), geometry, kSerial, kIndex, 0);
    session_.reply = shm::ReplyView::format(reply_map_.bytes(), geometry, kSerial, kIndex, 0);
    self_.owner = {1, 1};
    self_.lane = shm::format_lane(lane_.span(), 0, self_.owner);
    control_record_ = shm::format_control(control_.span(), 0, self_.owner);
    self_.control = control_record_;
    self_.board = shm::format_board(board_map_.bytes(), 0);
  }
  ~FakePool() { stop(); }

  /// The client's end. REQUIRES: called once.
  std::shared_ptr<client::SessionCore> connect(Duration spin = Duration(0), bool handlers_known = true) {
    client::SessionMemory memory;
    memory.request = shm::Mapping::map(request_fd_.get(), shm::Access::ReadWrite).value();
    memory.reply = shm::Mapping::map(reply_fd_.get(), shm::Access::ReadWrite).value();
    memory.board = shm::Mapping::map(board_fd_.get(), shm::Access::ReadOnly).value();
    memory.request_fd = UniqueFd(::dup(request_fd_.get()));
    memory.reply_fd = UniqueFd(::dup(reply_fd_.get()));
    memory.doorbell = shm::open_doorbell_anew(doorbell_.get()).value();
    memory.lifeline = std::move(client_lifeline_);
    client::SessionFacts facts;
    facts.pool = "images";
    facts.serial = kSerial;
    facts.spin = spin;
    facts.longest_timeout = std::chrono::hours(1);
    facts.handlers_known = handlers_known;
    HandlerDescription echo_handler;
    echo_handler.name = "echo";
    echo_handler.result_constant = 64;
    echo_handler.result_factor = 1;
    echo_handler.takes_parcels = true;
    HandlerDescription sized = echo_handler;
    sized.name = "sized";
    sized.result_factor = 0;
    sized.max_request_bytes = 4096;
    ArgumentDescription width;
    width.name = "width";
    width.type = ArgumentType::Integer;
    sized.arguments.push_back(width);
    facts.handlers = {echo_handler, sized};
    return client::SessionCore::create(std::move(memory), std::move(facts)).value();
  }

  /// Claims one job and ends it; false: there is none.
  bool step(const Behaviour& behave = echo) {
    shm::Claim claim;
    if (shm::claim(self_, session_, 1'000, claim) != shm::ClaimStatus::Claimed) return false;
    shm::JobExtents extents = shm::locate(session_, claim);
    if (!extents.ok) extents = shm::locate_beside_parcel(session_, claim);
    shm::JobResult result =
        extents.ok ? behave(claim, extents) : shm::JobResult{shm::SlotState::Failed, Cause::Invalid, 0, 0, 0, {}};
    (void)shm::finish(self_, session_, claim, result, 2'000);
    return true;
  }
  void start(Behaviour behave = echo) {
    thread_ = std::thread([this, behave = std::move(behave)] {
      while (!stop_.load()) {
        if (!step(behave)) std::this_thread::yield();
      }
    });
  }
  void stop() {
    if (!thread_.joinable()) return;
    stop_ = true;
    thread_.join();
  }
  /// Claims a job and leaves it running.
  shm::Claim claim_one() {
    shm::Claim claim;
    if (shm::claim(self_, session_, 1'000, claim) != shm::ClaimStatus::Claimed) claim.slot = ~0U;
    return claim;
  }
  void die() { lifeline_.reset(); }
  /// Before connect().
  [[nodiscard]] UniqueFd copy_of_client_lifeline() const {
    return UniqueFd(::fcntl(client_lifeline_.get(), F_DUPFD_CLOEXEC, 0));
  }
  /// Every copy of the client's end of the lifeline is closed.
  [[nodiscard]] bool client_left() const {
    pollfd look{lifeline_.get(), 0, 0};
    return ::poll(&look, 1, 30'000) == 1 && (look.revents & POLLHUP) != 0;
  }
  /// The client has said farewell, whoever holds its end of the lifeline.
  [[nodiscard]] bool client_said_farewell() const {
    pollfd look{lifeline_.get(), POLLIN, 0};
    return ::poll(&look, 1, 0) == 1 && (look.revents & POLLIN) != 0;
  }
  [[nodiscard]] bool cancel_asked(const shm::Claim& claim) const { return shm::cancel_asked(self_, session_, claim); }
  [[nodiscard]] const shm::WorkerSession& session() const { return session_; }
  [[nodiscard]] const shm::WorkerSelf& self() const { return self_; }
  [[nodiscard]] std::uint64_t rings() {
    char rung[64];
    return static_cast<std::uint64_t>(std::max<ssize_t>(0, ::read(doorbell_.get(), rung, sizeof rung)));
  }

 private:
  shm::SessionGeometry geometry_;
  UniqueFd request_fd_, reply_fd_, board_fd_, doorbell_, lifeline_, client_lifeline_;
  shm::Mapping request_map_, reply_map_, board_map_;
  OwnWords<shm::LaneRecord> lane_;
  OwnWords<shm::ControlRecord> control_;
  shm::ControlRecord* control_record_ = nullptr;
  shm::WorkerSelf self_;
  shm::WorkerSession session_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

/// Allocates, fills and submits; the session must have room.
inline std::uint32_t submit_text(client::SessionCore& core, std::string_view handler, std::string_view text,
                                 const SubmitOptions& options = {}, const Arguments& arguments = {}) {
  Request request = core.allocate(text.size(), Duration(0)).value();
  if (!text.empty()) std::memcpy(request.bytes().data(), text.data(), text.size());
  return core.submit(handler, request, arguments, options).value();
}

}  // namespace ringmaster::testing
