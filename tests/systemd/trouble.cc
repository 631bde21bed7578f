// Handlers for the test inside the container: what the unit's hardening forbids, and what must work under it.
#include <ringmaster/handler.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

// The function that the stack of a job at its deadline must name.
extern "C" [[gnu::noinline]] void spin_in_vain(volatile unsigned long& turns) {
  for (;;) turns = turns + 1;
}

namespace {

// Said in words, so that the test can look for them.
void say(ringmaster::Job& job, bool works) { job.output(works ? "works" : std::strerror(errno)); }

void network(ringmaster::Job& job) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  say(job, fd >= 0);
  if (fd >= 0) ::close(fd);
}

void jit(ringmaster::Job& job) {
  void* const page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  say(job, page != MAP_FAILED);
  if (page != MAP_FAILED) ::munmap(page, 4096);
}

void who(ringmaster::Job& job) { job.output(std::to_string(::getuid())); }

void hang(ringmaster::Job&) {
  volatile unsigned long turns = 0;
  spin_in_vain(turns);
}

void eat(ringmaster::Job&) {
  std::vector<std::vector<char>> held;
  for (;;) held.emplace_back(std::size_t{1} << 20, 'x');
}

}  // namespace

RINGMASTER_HANDLERS({.name = "network", .summary = "Opens an IPv4 socket", .run = network},
                    {.name = "jit", .summary = "Maps memory to write and to run", .run = jit},
                    {.name = "who", .summary = "Its uid", .run = who},
                    {.name = "hang", .summary = "Spins until it is killed", .run = hang},
                    {.name = "eat", .summary = "Takes memory until it is killed", .run = eat})
