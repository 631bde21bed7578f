#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <thread>

#include "base/unique_fd.h"

/// What a hostile peer has that others cannot close at once.
namespace ringmaster::testing {

/// A loopback TCP socket with unsent bytes and SO_LINGER: whoever closes its last copy waits for ten minutes, unless it
/// is a process that ends.
struct LingeringSocket {
  LingeringSocket() {
    const int small = 4096;
    const UniqueFd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ::setsockopt(server.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const where = reinterpret_cast<sockaddr*>(&address);
    fd.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::bind(server.get(), where, sizeof address) != 0 || ::listen(server.get(), 1) != 0 ||
        ::getsockname(server.get(), where, &size) != 0 || ::connect(fd.get(), where, size) != 0) {
      ADD_FAILURE() << "no loopback connection can be had";
      return;
    }
    peer.reset(::accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const linger wait{1, 600};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &wait, sizeof wait);
    static constexpr char kBytes[65536] = {};
    while (::send(fd.get(), kBytes, sizeof kBytes, MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
    }
  }
  UniqueFd fd;    ///< pass it on, then close it here
  UniqueFd peer;  ///< reads nothing
};

/// A write into a pipe that takes as long as the writer likes, as from a file of its own file system: its thread holds
/// the pipe's lock, and who reads the pipe or closes it last waits for that lock, whatever signal comes.
class DrawnOutWrite {
 public:
  /// Begins it. False: this process may not (userfaultfd is root's, where the machine has it at all).
  bool begin(int pipe_write_end) {
    faults_.reset(static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK)));
    if (!faults_) return false;
    uffdio_api api{};
    api.api = UFFD_API;
    page_ = ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uffdio_register range{};
    range.range = {reinterpret_cast<std::uintptr_t>(page_), kPage};
    range.mode = UFFDIO_REGISTER_MODE_MISSING;
    if (::ioctl(faults_.get(), UFFDIO_API, &api) != 0 || ::ioctl(faults_.get(), UFFDIO_REGISTER, &range) != 0) {
      return false;
    }
    writer_ = std::thread([this, pipe_write_end] { (void)!::write(pipe_write_end, page_, 1); });
    pollfd fault{faults_.get(), POLLIN, 0};
    return ::poll(&fault, 1, 30'000) == 1;
  }
  void end() {
    if (!writer_.joinable()) return;
    uffdio_zeropage zero{};
    zero.range = {reinterpret_cast<std::uintptr_t>(page_), kPage};
    EXPECT_EQ(::ioctl(faults_.get(), UFFDIO_ZEROPAGE, &zero), 0);
    writer_.join();
  }
  DrawnOutWrite() = default;
  DrawnOutWrite(const DrawnOutWrite&) = delete;
  DrawnOutWrite& operator=(const DrawnOutWrite&) = delete;
  ~DrawnOutWrite() {
    end();
    if (page_ != MAP_FAILED) ::munmap(page_, kPage);
  }

 private:
  static constexpr std::size_t kPage = 4096;
  UniqueFd faults_;
  void* page_ = MAP_FAILED;
  std::thread writer_;
};

}  // namespace ringmaster::testing
