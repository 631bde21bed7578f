// What a worker writes to its standard output and error, with marks that its handler may forge or cut.
#include <string>
#include <vector>

#include "base/check.h"
#include "daemon/pool/worker/tagged_output.h"
#include "shm/output_mark.h"
#include "tests/fuzz/script.h"

namespace ringmaster::fuzz {
namespace {

constexpr std::uint64_t kToken = 0x1122334455667788;
constexpr std::size_t kLongest = 64;

std::string mark(std::uint64_t job, std::uint64_t token = kToken) {
  const shm::OutputMark bytes = shm::make_output_mark(token, job);
  return {bytes.data(), bytes.size()};
}

// A script of texts, marks and times; what stands in the pipe is the same however it is read.
std::string stream_of(Script& script) {
  std::string stream;
  while (!script.empty()) {
    const auto what = script.next<std::uint8_t>();
    if (what < 0xC0) {
      stream += Script::as_text(script.take(what));
    } else if (what < 0xF0) {
      stream += mark(what % 4);
    } else {
      stream += mark(script.next<std::uint64_t>(), kToken ^ (what & 1)).substr(0, what % 21);
    }
  }
  return stream;
}

using Lines = std::vector<daemon::TaggedOutput::Line>;

Lines read(std::string_view stream, const daemon::OutputLines::Limits& limits, Script* sizes) {
  daemon::TaggedOutput output(limits, kToken);
  const core::TimePoint now{std::chrono::seconds(100)};
  Lines lines;
  std::size_t fed = 0;
  while (!stream.empty()) {
    const std::string_view piece = stream.substr(0, sizes == nullptr ? stream.size() : 1 + sizes->below(48));
    stream.remove_prefix(piece.size());
    fed += piece.size();
    for (auto& line : output.feed(now, piece)) lines.push_back(std::move(line));
    RM_CHECK(output.waiting() <= fed, "%zu of %zu bytes wait", output.waiting(), fed);
  }
  for (auto& line : output.finish(now, 9)) lines.push_back(std::move(line));
  RM_CHECK(output.waiting() == 0, "%zu bytes wait behind the end", output.waiting());
  return lines;
}

void run(Input input) {
  Script script(input);
  const auto kind = script.next<std::uint8_t>();
  Script sizes(script.take(4));
  const std::string stream = stream_of(script);
  daemon::OutputLines::Limits limits{.max_line = kLongest};
  if (kind % 4 == 0) limits.burst = kind;
  const Lines whole = read(stream, limits, nullptr);
  RM_CHECK(whole == read(stream, limits, &sizes), "the lines depend on how the stream is read");
  std::size_t bytes = 0;
  for (const daemon::TaggedOutput::Line& line : whole) {
    RM_CHECK(line.line.text.size() <= kLongest && line.line.text.find('\n') == std::string::npos, "no line");
    bytes += line.line.text.size();
  }
  RM_CHECK(bytes <= stream.size(), "%zu bytes out of %zu", bytes, stream.size());
}

std::vector<std::string> seeds() {
  const std::string start(5, '\1');
  return {start + "\x0bone\ntwo\nend\xC1\x03xyz\xC2",
          start + "\x30" + std::string(48, 'x') + "\x30" + std::string(48, 'y') + "\xC1",
          start + std::string("\x06") + "a\r\nb\r\n\xF4" + std::string(8, '\3') + "\xFF" + std::string(8, '\4'),
          std::string(1, '\0') + std::string(4, '\2') + "\x10" + std::string(16, '\n') + "\xC3\xC3"};
}

}  // namespace

const Target& target() {
  static const Target output{.name = "output", .run = run, .seeds = seeds};
  return output;
}

}  // namespace ringmaster::fuzz
