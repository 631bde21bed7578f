#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/args.h"
#include "proto/fd_passing.h"
#include "proto/handler_id.h"
#include "proto/handler_table.h"
#include "proto/worker_link.h"
#include "shm/mapping.h"
#include "shm/memfd.h"
#include "shm/port/doorbell.h"
#include "shm/port/futex.h"
#include "shm/port/hints.h"

namespace ringmaster {

/// Two pipes' worth of plumbing that the keeper and the supervisor would do, for one worker.
class WorkerProcess : public testing::Test {
 protected:
  static constexpr shm::SessionGeometry kGeometry{64, 1 << 20, 1 << 20};
  static constexpr std::chrono::seconds kCap{30};
  static constexpr std::uint32_t kArgumentsLine = 4096;  ///< Behind every request that is used here.

  void start(const std::vector<std::string>& command) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    link_ = UniqueFd(ends[0]);
    UniqueFd theirs(ends[1]);
    UniqueFd lane = shm::create_segment("lane", sizeof(shm::LaneRecord)).value();
    UniqueFd control = shm::create_segment("control", sizeof(shm::ControlRecord)).value();
    UniqueFd board = shm::create_segment("board", sizeof(shm::BoardRecord)).value();
    lane_memory_ = shm::Mapping::map(lane.get(), shm::Access::ReadWrite).value();
    control_memory_ = shm::Mapping::map(control.get(), shm::Access::ReadWrite).value();
    board_memory_ = shm::Mapping::map(board.get(), shm::Access::ReadWrite).value();
    lane_ = shm::format_lane(lane_memory_.bytes(), 0, {5, 6});
    control_ = shm::format_control(control_memory_.bytes(), 0, {5, 6});
    board_ = shm::format_board(board_memory_.bytes(), 0);
    UniqueFd read_only = shm::reopen_read_only(control.get()).value();
    pool_bell_ = shm::create_doorbell().value();
    const std::array<int, 5> fds{theirs.get(), lane.get(), read_only.get(), board.get(), pool_bell_.get()};
    pid_ = ::fork();
    ASSERT_GE(pid_, 0);
    if (pid_ == 0) become(command, fds);
  }

  [[noreturn]] static void become(const std::vector<std::string>& command, const std::array<int, 5>& fds) {
    std::array<int, 5> high{};
    for (std::size_t i = 0; i < fds.size(); ++i) high[i] = ::fcntl(fds[i], F_DUPFD, 100);
    for (std::size_t i = 0; i < fds.size(); ++i) ::dup2(high[i], static_cast<int>(i) + 3);
    for (const int fd : high) ::close(fd);
    ::setenv("RINGMASTER_ABI", "1", 1);
    ::setenv("RINGMASTER_WORKER", "0", 1);
    std::vector<char*> argv;
    for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }

  void TearDown() override {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }

  void send(const worker_link::ToWorker& message, std::span<const int> fds = {}) {
    ASSERT_TRUE(wire::send_with_fds(link_.get(), worker_link::encode(message), fds));
  }

  std::optional<worker_link::ToSupervisor> next() {
    pollfd ready{link_.get(), POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(std::chrono::milliseconds(kCap).count())) != 1) return std::nullopt;
    std::vector<std::byte> packet(worker_link::kMaxMessageBytes);
    const auto got = wire::receive_with_fds(link_.get(), packet);
    if (!got || got->size == 0) return std::nullopt;
    return worker_link::decode_to_supervisor(std::span(packet).first(got->size), 0).value();
  }
  template <typename T>
  std::optional<T> next_as() {
    const auto message = next();
    if (!message || !std::holds_alternative<T>(*message)) return std::nullopt;
    return std::get<T>(*message);
  }

  // Hello, handlers, Ready; returns the handlers.
  std::vector<HandlerDescription> boot() {
    EXPECT_TRUE(next_as<worker_link::Hello>());
    std::vector<std::byte> table;
    while (const auto chunk = next_as<worker_link::HandlersChunk>()) {
      table.insert(table.end(), chunk->bytes.begin(), chunk->bytes.end());
      if (chunk->last) break;
    }
    EXPECT_TRUE(next_as<worker_link::Ready>());
    return decode_handlers(table).value();
  }

  // Twice, as a successor gives once more what the worker has.
  void attach(std::uint32_t serial = 9) {
    const UniqueFd request = shm::create_request_segment("request", kGeometry.request_segment_bytes()).value();
    const UniqueFd reply = shm::create_segment("reply", kGeometry.reply_segment_bytes()).value();
    session_bell_ = shm::create_doorbell().value();
    request_memory_ = shm::Mapping::map(request.get(), shm::Access::ReadWrite).value();
    reply_memory_ = shm::Mapping::map(reply.get(), shm::Access::ReadWrite).value();
    request_ = shm::RequestView::format(request_memory_.bytes(), kGeometry, serial, 4, 0);
    reply_ = shm::ReplyView::format(reply_memory_.bytes(), kGeometry, serial, 4, 0);
    ASSERT_TRUE(shm::seal_future_writes(request.get()));
    const worker_link::Attach about = attach_of(serial, ::getuid());
    for (int times = 0; times < 2; ++times) {
      send(about, std::array{request.get(), reply.get(), session_bell_.get()});
      const auto attached = next_as<worker_link::Attached>();
      ASSERT_TRUE(attached);
      EXPECT_EQ(attached->serial, serial);
    }
  }

  static worker_link::Attach attach_of(std::uint32_t serial, std::uint32_t uid) {
    return {4,
            serial,
            uid,
            true,
            0,
            1,
            kGeometry.slots,
            kGeometry.request_segment_bytes(),
            kGeometry.reply_segment_bytes(),
            kGeometry.request_ring_bytes,
            kGeometry.result_ring_bytes};
  }

  void submit(std::string_view handler, std::string_view input, std::uint32_t slot = 0,
              const std::vector<Argument>& arguments = {}) {
    seq_ = shm::next_seq(seq_);
    shm::JobDescriptor& job = request_.descriptor(slot);
    job = {};
    job.seq = seq_;
    job.handler = wire::handler_id(handler);
    job.request_bytes = input.size();
    job.result_capacity = 4096;
    std::memcpy(request_.ring(), input.data(), input.size());
    const auto encoded = encode_arguments(arguments).value();
    job.arguments_line = kArgumentsLine;
    job.arguments_bytes = static_cast<std::uint32_t>(encoded.size());
    if (!encoded.empty())
      std::memcpy(request_.ring() + kArgumentsLine * shm::kCacheLine, encoded.data(), encoded.size());
    reply_.word(slot).store(shm::SlotWord::ready(seq_, 0).bits());
    shm::set_hint(reply_.ready(), slot);
    if (shm::should_ring(*board_)) shm::ring_doorbell(session_bell_.get());
  }

  // As a client waits: on the completion word.
  shm::SlotWord wait(std::uint32_t slot = 0) {
    const auto end = std::chrono::steady_clock::now() + kCap;
    shm::Word32& completion = *reply_.done().event;
    while (std::chrono::steady_clock::now() < end) {
      std::uint32_t seen = completion.load();
      const shm::SlotWord word(reply_.word(slot).load());
      if (word.is_terminal() && word.seq() == seq_) return word;
      if (!completion.compare_exchange_strong(seen, seen | shm::kWaitingBit)) continue;
      shm::futex_wait(completion, seen | shm::kWaitingBit, std::chrono::seconds(1));
    }
    ADD_FAILURE() << "no completion";
    return {};
  }

  void until_parked() {
    const auto end = std::chrono::steady_clock::now() + kCap;
    while (board_->idle[0].load() == 0 && std::chrono::steady_clock::now() < end) ::usleep(1000);
    ASSERT_NE(board_->idle[0].load(), 0U);
  }

  int exit_status() {
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    pid_ = 0;
    return status;
  }

  pid_t pid_ = 0;
  UniqueFd link_;
  UniqueFd pool_bell_;
  UniqueFd session_bell_;
  shm::Mapping lane_memory_, control_memory_, board_memory_, request_memory_, reply_memory_;
  shm::LaneRecord* lane_ = nullptr;
  shm::ControlRecord* control_ = nullptr;
  shm::BoardRecord* board_ = nullptr;
  shm::RequestView request_;
  shm::ReplyView reply_;
  std::uint32_t seq_ = 0;
};

}  // namespace ringmaster
