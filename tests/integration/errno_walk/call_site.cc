#include "tests/integration/errno_walk/call_site.h"

#include <sys/uio.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

namespace ringmaster::testing {
namespace {

constexpr std::size_t kStackWords = 512;
constexpr std::uint64_t kLongestFrame = 1 << 20;

std::size_t read_memory(pid_t pid, std::uint64_t address, std::span<std::uint64_t> into) {
  const iovec local{into.data(), into.size_bytes()};
  const iovec remote{reinterpret_cast<void*>(address), into.size_bytes()};
  const ssize_t got = ::process_vm_readv(pid, &local, 1, &remote, 1, 0);
  return got > 0 ? static_cast<std::size_t>(got) / sizeof(std::uint64_t) : 0;
}

}  // namespace

ProgramCode::ProgramCode(pid_t pid) : pid_(pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  char path[PATH_MAX] = {};
  if (::readlink((folder + "/exe").c_str(), path, sizeof path - 1) < 0) return;
  std::ifstream program(folder + "/exe", std::ios::binary);
  file_.assign(std::istreambuf_iterator<char>{program}, {});
  std::ifstream maps(folder + "/maps");
  for (std::string line; std::getline(maps, line);) {
    Part part{};
    char rights[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s %lx", &part.begin, &part.end, rights, &part.file_offset) != 4) continue;
    if (!line.ends_with(path)) continue;
    if (base_ == 0) base_ = part.begin;
    if (rights[2] == 'x') parts_.push_back(part);
  }
}

std::uint64_t ProgramCode::offset_of(std::uint64_t address) const { return address - base_; }

bool ProgramCode::follows_a_call(std::uint64_t address) const {
  for (const Part& part : parts_) {
    if (address < part.begin + 8 || address >= part.end) continue;
    const std::uint64_t at = address - part.begin + part.file_offset;
    if (at > file_.size()) return false;
    const unsigned char* const p = file_.data() + at;
#if defined(__aarch64__)
    std::uint32_t word = 0;
    std::memcpy(&word, p - 4, sizeof word);
    return (word & 0xFC000000U) == 0x94000000U || (word & 0xFFFFFC1FU) == 0xD63F0000U;
#else
    const auto indirect = [p](int before) { return p[-before] == 0xFF && (p[1 - before] & 0x38) == 0x10; };
    return p[-5] == 0xE8 || indirect(2) || indirect(3) || indirect(6) || indirect(7);
#endif
  }
  return false;
}

CallChain ProgramCode::chain(std::uint64_t stack_pointer, std::uint64_t frame_pointer) const {
  CallChain found{};
  std::size_t count = 0;
  std::array<std::uint64_t, kStackWords> words{};
  const std::size_t got = read_memory(pid_, stack_pointer, words);
  for (std::size_t i = 0; i < got && count == 0; ++i) {
    if (follows_a_call(words[i])) found[count++] = words[i];
  }
  // The frames of the program itself; a library without frame pointers ends them.
  std::uint64_t frame = frame_pointer;
  while (count < found.size() && frame >= stack_pointer && frame - stack_pointer < kLongestFrame && frame % 8 == 0) {
    std::array<std::uint64_t, 2> pair{};
    if (read_memory(pid_, frame, pair) != 2 || !follows_a_call(pair[1])) break;
    if (pair[1] != found[0]) found[count++] = pair[1];
    if (pair[0] <= frame) break;
    frame = pair[0];
  }
  return found;
}

}  // namespace ringmaster::testing
