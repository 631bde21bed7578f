#include "tests/bench/peer.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace ringmaster::bench {
namespace {

/// The flat objects of numbers that the peers print: {"name": 1.5, "other": 2}.
std::map<std::string, double> parse_numbers(const std::string& line) {
  std::map<std::string, double> numbers;
  for (std::size_t quote = line.find('"'); quote != std::string::npos; quote = line.find('"', quote)) {
    const std::size_t end = line.find('"', quote + 1);
    const std::size_t colon = end == std::string::npos ? end : line.find(':', end);
    if (colon == std::string::npos) break;
    numbers[line.substr(quote + 1, end - quote - 1)] = std::strtod(line.c_str() + colon + 1, nullptr);
    quote = colon;
  }
  return numbers;
}

}  // namespace

std::optional<Peer> Peer::start(const std::vector<std::string>& command) {
  int to[2];
  int from[2];
  if (::pipe2(to, O_CLOEXEC) != 0) return std::nullopt;
  UniqueFd to_read(to[0]);
  UniqueFd to_write(to[1]);
  if (::pipe2(from, O_CLOEXEC) != 0) return std::nullopt;
  UniqueFd from_read(from[0]);
  UniqueFd from_write(from[1]);

  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to_read.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from_write.get(), STDOUT_FILENO);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return std::nullopt;

  from_write.reset();
  Peer peer(pid, std::move(to_write), std::move(from_read));
  if (!peer.read_answer().contains("ready")) return std::nullopt;
  return peer;
}

Peer::Peer(Peer&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), in_(std::move(other.in_)), out_(std::move(other.out_)) {}

Peer::~Peer() {
  if (pid_ < 0) return;
  // The end of its input ends the peer.
  in_.reset();
  ::waitpid(pid_, nullptr, 0);
}

std::map<std::string, double> Peer::measure(const std::string& request) {
  const std::string line = request + "\n";
  if (::write(in_.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) return {};
  return read_answer();
}

std::map<std::string, double> Peer::read_answer() {
  std::string line;
  for (char byte = 0; ::read(out_.get(), &byte, 1) == 1 && byte != '\n';) line += byte;
  return parse_numbers(line);
}

}  // namespace ringmaster::bench
