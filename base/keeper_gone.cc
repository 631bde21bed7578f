#include "base/keeper_gone.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/unique_fd.h"

namespace ringmaster {
namespace {

struct Path {
  char text[64];
};

// Paths are put together by hand: snprintf may take locks, which a signal handler must not.
void add(Path& path, const char* piece) noexcept {
  std::strncat(path.text, piece, sizeof path.text - std::strlen(path.text) - 1);
}
void add(Path& path, pid_t number) noexcept {
  char digits[16];
  char* at = digits + sizeof digits - 1;
  *at = '\0';
  do *--at = static_cast<char>('0' + number % 10);
  while ((number /= 10) != 0);
  add(path, at);
}
Path proc(pid_t pid, const char* below) noexcept {
  Path path{"/proc/"};
  add(path, pid);
  add(path, below);
  return path;
}

// The fields that follow the process's name in /proc/PID/stat.
struct Stat {
  char state = '\0';
  pid_t parent = 0;
};
Stat stat_of(pid_t pid) noexcept {
  char text[512];
  const UniqueFd file(::open(proc(pid, "/stat").text, O_RDONLY | O_CLOEXEC));
  const ssize_t got = file ? ::read(file.get(), text, sizeof text - 1) : -1;
  if (got <= 0) return {};
  text[got] = '\0';
  const char* at = std::strrchr(text, ')');
  if (at == nullptr || at[1] == '\0' || at[2] == '\0') return {};
  Stat stat{at[2], 0};
  for (at += 4; *at >= '0' && *at <= '9'; ++at) stat.parent = stat.parent * 10 + (*at - '0');
  return stat;
}

bool end(pid_t pid) noexcept {
  const char state = stat_of(pid).state;
  return state != '\0' && state != 'Z' && state != 'X' && ::kill(pid, SIGKILL) == 0;
}

template <typename Found>
void each_number(const char* folder, Found&& found) noexcept {
  const UniqueFd dir(::open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir) return;
  alignas(8) char buffer[1024];
  for (;;) {
    const long got = ::syscall(SYS_getdents64, dir.get(), buffer, sizeof buffer);
    if (got <= 0) return;
    for (long at = 0; at < got;) {
      constexpr std::size_t kLength = 16;  // u64 inode, u64 offset, then u16 length, u8 type, name
      std::uint16_t length = 0;
      std::memcpy(&length, buffer + at + kLength, sizeof length);
      const char* name = buffer + at + kLength + 3;
      pid_t number = 0;
      for (; *name >= '0' && *name <= '9'; ++name) number = number * 10 + (*name - '0');
      if (*name == '\0' && number != 0) found(number);
      at += length;
    }
  }
}

// Each number in a /proc/PID/task/TID/children. False: this kernel has no such file.
template <typename Found>
bool each_child(pid_t of, pid_t thread, Found&& found) noexcept {
  Path path = proc(of, "/task/");
  add(path, thread);
  add(path, "/children");
  const UniqueFd file(::open(path.text, O_RDONLY | O_CLOEXEC));
  if (!file) return false;
  char text[512];
  pid_t number = 0;
  for (ssize_t got = 0; (got = ::read(file.get(), text, sizeof text)) > 0;) {
    for (ssize_t i = 0; i < got; ++i) {
      if (text[i] >= '0' && text[i] <= '9') {
        number = number * 10 + (text[i] - '0');
      } else if (number != 0) {
        found(number);
        number = 0;
      }
    }
  }
  return true;
}

}  // namespace

unsigned kill_children(pid_t of) noexcept {
  unsigned living = 0;
  bool listed = false;
  each_number(proc(of, "/task").text, [&](pid_t thread) {
    listed |= each_child(of, thread, [&](pid_t child) { living += end(child) ? 1 : 0; });
  });
  if (listed) return living;
  each_number("/proc", [&](pid_t pid) {
    if (stat_of(pid).parent == of) living += end(pid) ? 1 : 0;
  });
  return living;
}

}  // namespace ringmaster
