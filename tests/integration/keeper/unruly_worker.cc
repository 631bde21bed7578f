// A worker for the keeper's tests. argv[1] says what it does:
//   exit N      exits with N                     env        prints its environment, directory and limits, exits 0
//   signals     prints which signals it was started with ignored or blocked, exits 0
//   busy        spins for ever                   brood      leaves descendants in other sessions that ignore SIGTERM,
//   dies hold        as brood, but lives on           fds        prints which descriptors are open, exits 0
#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

extern char** environ;

namespace {

void breed(int depth) {
  const pid_t child = ::fork();
  if (child != 0) return;
  ::setsid();
  ::signal(SIGTERM, SIG_IGN);
  if (depth > 0) {
    breed(depth - 1);
    if (depth % 2 == 1) ::_exit(0);  // its own child is an orphan now
  }
  const char byte = 'b';
  // Whoever holds descriptor 1 open is told by its closing when the last of us is gone.
  if (::write(1, &byte, 1) != 1) ::_exit(1);
  for (;;) ::pause();
}

void print_environment() {
  char cwd[4096];
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  std::printf("cwd=%s\nuid=%d gid=%d groups=%d\nnice=%d\nnofile=%lu\npgid_is_own=%d\n",
              ::getcwd(cwd, sizeof cwd) != nullptr ? cwd : "?", static_cast<int>(::getuid()),
              static_cast<int>(::getgid()), ::getgroups(0, nullptr), ::getpriority(PRIO_PROCESS, 0),
              static_cast<unsigned long>(files.rlim_cur), ::getpgrp() == ::getpid() ? 1 : 0);
  char score[32] = {};
  if (std::FILE* const file = std::fopen("/proc/self/oom_score_adj", "r")) {
    if (std::fgets(score, sizeof score, file) != nullptr) std::printf("oom=%s", score);
    std::fclose(file);
  }
  for (char** variable = environ; *variable != nullptr; ++variable) std::printf("env:%s\n", *variable);
}

void print_signals() {
  std::FILE* const file = std::fopen("/proc/self/status", "r");
  char line[512];
  while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, "SigIgn", 6) == 0 || std::strncmp(line, "SigBlk", 6) == 0) std::fputs(line, stdout);
  }
  if (file != nullptr) std::fclose(file);
}

void print_descriptors() {
  DIR* const folder = ::opendir("/proc/self/fd");
  while (const dirent* const entry = ::readdir(folder)) {
    const int fd = std::atoi(entry->d_name);
    if (entry->d_name[0] != '.' && fd != ::dirfd(folder)) std::printf("fd:%d\n", fd);
  }
  ::closedir(folder);
}

}  // namespace

int main(int argc, char** argv) {
  const char* const what = argc > 1 ? argv[1] : "";
  if (std::strcmp(what, "exit") == 0) return std::atoi(argv[2]);
  if (std::strcmp(what, "env") == 0) print_environment();
  if (std::strcmp(what, "fds") == 0) print_descriptors();
  if (std::strcmp(what, "signals") == 0) print_signals();
  if (std::strcmp(what, "busy") == 0) {
    volatile unsigned long count = 0;
    for (;;) {
      const unsigned long next = count + 1;
      count = next;
    }
  }
  if (std::strcmp(what, "brood") == 0 || std::strcmp(what, "hold") == 0) {
    breed(3);
    breed(2);
    ::usleep(50'000);
    if (std::strcmp(what, "brood") == 0) ::_exit(9);
    for (;;) ::pause();
  }
  return 0;
}
