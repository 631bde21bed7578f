// A pool's command whose handlers attack the daemon from within a worker, one way each.
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>

#include "proto/worker_link.h"
#include "worker/worker.h"

namespace {

using ringmaster::HandlerArgument;
using ringmaster::Job;
namespace worker_link = ringmaster::worker_link;

constexpr int kControlSocket = 3;
constexpr int kPoolBell = 7;

worker_link::ToSupervisor message_named(std::string_view name, std::uint32_t number) {
  if (name == "hello") return worker_link::Hello{worker_link::kAbiVersion, number};
  if (name == "handlers") return worker_link::HandlersChunk{number, true, {}};
  if (name == "ready") return worker_link::Ready{};
  if (name == "bootfailed") return worker_link::BootFailed{"event=forged\nlevel=error " + std::to_string(number)};
  if (name == "attached") return worker_link::Attached{number % 1024, 1'000'000 + number};
  if (name == "detached") return worker_link::Detached{number % 1024, 1'000'000 + number};
  if (name == "broken")
    return worker_link::SessionBroken{number % 1024, 100'000 + number, worker_link::BrokenReason::BadDescriptor, 0};
  if (name == "badindex")
    return worker_link::SessionBroken{number % 1024, 100'000 + number, worker_link::BrokenReason::BadIndex, 0};
  return worker_link::Leftovers{};
}

// Sends the message `count` times, then waits for the consequences.
void say(Job& job) {
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(job.integer("count")); ++i) {
    const auto packet = worker_link::encode(message_named(job.text("what"), i));
    while (::send(kControlSocket, packet.data(), packet.size(), MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
  }
  for (;;) ::pause();
}

// ---- files that look like libraries, for the tracer, which reads the files that a worker has mapped ----

#if defined(__x86_64__)
// xor eax, eax; mov dword [rax], 1; ret
constexpr unsigned char kFault[] = {0x31, 0xC0, 0xC7, 0x00, 0x01, 0x00, 0x00, 0x00, 0xC3};
#else
// mov x0, 0; str w0, [x0]; ret
constexpr unsigned char kFault[] = {0x00, 0x00, 0x80, 0xD2, 0x00, 0x00, 0x00, 0xB9, 0xC0, 0x03, 0x5F, 0xD6};
#endif

void echo(Job& job);

std::string own_program() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  return {std::istreambuf_iterator<char>{file}, {}};
}

// The offset in this program's file of a function that has an unwind table.
std::size_t place_of_function() {
  Dl_info about{};
  const auto address = reinterpret_cast<std::uintptr_t>(&echo);
  if (::dladdr(reinterpret_cast<void*>(address), &about) == 0) throw std::runtime_error("no place");
  return address - reinterpret_cast<std::uintptr_t>(about.dli_fbase);
}

std::string craft(std::string_view kind, std::mt19937_64& random) {
  std::string file = own_program();
  if (kind == "garbage") {
    for (std::size_t i = 16; i < file.size(); ++i) file[i] = static_cast<char>(random());
  } else if (kind == "headers") {
    const auto* const header = reinterpret_cast<const ElfW(Ehdr)*>(file.data());
    const std::size_t sections = header->e_shoff;
    for (int i = 0; i < 6; ++i) file[16 + random() % 48] = static_cast<char>(random());
    for (std::size_t i = sections; i < file.size(); i += 1 + random() % 64) file[i] = static_cast<char>(random());
    for (std::size_t i = 64; i < 1024; i += 1 + random() % 64) file[i] = static_cast<char>(random());
  } else if (kind == "bytes") {
    for (std::size_t i = 1024; i < file.size(); i += 1 + random() % 40) file[i] = static_cast<char>(random());
  }
  return file;
}

#if defined(__x86_64__)
// Every frame leads to itself: unwinding the stack never ends.
[[noreturn]] void jump_into_circle(void* code) {
  static void* circle[512];
  for (std::size_t i = 0; i + 1 < std::size(circle); i += 2) circle[i] = &circle[i], circle[i + 1] = code;
  asm volatile("mov %0, %%rbp\n mov %0, %%rsp\n jmp *%1" ::"r"(&circle[256]), "r"(code) : "memory");
  __builtin_unreachable();
}
#else
[[noreturn]] void jump_into_circle(void*) { std::abort(); }
#endif

// Faults in a function of the file, which the stack capture then opens and reads.
void fault_in_crafted_file(Job& job) {
  const std::string kind(job.text("kind"));
  std::mt19937_64 random(static_cast<std::uint64_t>(job.integer("seed")));
  const std::string path = std::string(job.text("folder")) + "/libcrafted-" + kind + std::to_string(random()) + ".so";
  std::string file = craft(kind, random);
  const std::size_t at = place_of_function();
  file.replace(at, sizeof kFault, reinterpret_cast<const char*>(kFault), sizeof kFault);
  std::ofstream(path, std::ios::binary) << file;
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  void* const base = ::mmap(nullptr, file.size(), PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, fd, 0);
  if (base == MAP_FAILED) throw std::runtime_error("no mapping");
  char* const code = static_cast<char*>(base) + at;
  *reinterpret_cast<volatile char*>(code) = *code;  // a private copy of the page, which survives changes of the file
  if (kind == "shrunk") (void)!::ftruncate(fd, 0);
  if (kind == "endless") (void)!::ftruncate(fd, off_t{1} << 42);
  if (kind == "pipe") {
    ::unlink(path.c_str());
    ::mkfifo(path.c_str(), 0600);
  }
  if (kind == "circle") jump_into_circle(code);
  reinterpret_cast<void (*)()>(code)();
}

__attribute__((noinline)) void fault_plainly(Job&) {
  ::raise(SIGSEGV);
  asm volatile("");
}

// Fills the pool's bell and makes it blocking for everybody who shares this worker's descriptor.
void fill_bell(Job& job) {
  static const char bytes[1 << 16] = {};
  ::fcntl(kPoolBell, F_SETPIPE_SZ, 1 << 20);
  ::fcntl(kPoolBell, F_SETFL, O_NONBLOCK);
  while (::write(kPoolBell, bytes, sizeof bytes) > 0) {
  }
  ::fcntl(kPoolBell, F_SETFL, 0);
  if (job.flag("die")) ::kill(::getpid(), SIGKILL);
}

void echo(Job& job) { job.output(job.input()); }

}  // namespace

int main(int argc, char** argv) {
  const HandlerArgument what{.name = "what", .help = "the message", .default_value = "hello"};
  const HandlerArgument count{.name = "count",
                              .kind = ringmaster::ArgumentKind::Integer,
                              .help = "how often",
                              .default_value = "1",
                              .minimum = 0};
  const HandlerArgument die{.name = "die",
                            .kind = ringmaster::ArgumentKind::Boolean,
                            .help = "and ends its worker",
                            .default_value = "false"};
  // Leaves it a root without /proc.
  std::function<void()> shut_in;
  if (argc > 1 && std::strcmp(argv[1], "--shut-in") == 0) {
    shut_in = [] {
      if (::chroot("/usr") != 0 || ::chdir("/") != 0) throw std::runtime_error("cannot change the root");
    };
  }
  return ringmaster::worker_main(
      argc, argv,
      {
          {.name = "say", .summary = "Says it on the control socket.", .arguments = {what, count}, .run = say},
          {.name = "crafted",
           .summary = "Faults in a file that it has made.",
           .arguments = {{.name = "kind", .help = "of file", .default_value = "garbage"},
                         {.name = "folder", .help = "where", .default_value = "/tmp"},
                         {.name = "seed",
                          .kind = ringmaster::ArgumentKind::Integer,
                          .help = "of chance",
                          .default_value = "1",
                          .minimum = 0}},
           .run = fault_in_crafted_file},
          {.name = "fault", .summary = "Faults.", .run = fault_plainly},
          {.name = "fill_bell", .summary = "Fills the pool's bell.", .arguments = {die}, .run = fill_bell},
          {.name = "echo",
           .summary = "Gives the input back.",
           .result_constant = 0,
           .result_factor = 1,
           .idempotent = true,
           .warm_up = shut_in,
           .run = echo},
      });
}
