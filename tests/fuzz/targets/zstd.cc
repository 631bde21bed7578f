// The zstd handler, as it ships: what it makes of any bytes, and that it gives back what it was given.
#include <algorithm>
#include <string>

#include "tests/fuzz/handler_run.h"

namespace ringmaster::fuzz {
namespace {

void decompress(Script& script) {
  const auto window = 10 + script.next<std::uint8_t>() % 14;
  const std::size_t room = script.next<std::uint16_t>();
  (void)run_checked("zstd", script.rest(), {{"mode", "decompress"}, {"window-log", std::to_string(window)}}, room);
}

void there_and_back(Script& script) {
  constexpr std::size_t kRoom = 256 * 1024;
  const int level = script.next<std::uint8_t>() % 12 - 7;
  const std::size_t repeat = 1 + script.next<std::uint8_t>() % 32;
  const std::string_view piece = script.rest();
  std::string input;
  for (std::size_t i = 0; i < repeat; ++i) input += piece;
  const test::Ran packed = run_checked("zstd", input, {{"mode", "compress"}, {"level", std::to_string(level)}}, kRoom);
  if (packed.code != RM_DONE) return;
  const test::Ran back = run_checked("zstd", packed.result, {{"mode", "decompress"}}, input.size());
  RM_CHECK(back.code == RM_DONE && back.result == input, "%zu bytes come back as %zu: %s", input.size(),
           back.result.size(), back.message.c_str());
}

void run(Input input) {
  Script script(input);
  script.next<std::uint8_t>() % 4 == 3 ? there_and_back(script) : decompress(script);
}

std::vector<std::string> seeds() {
  const auto packed = [](const std::string& content) {
    return run_checked("zstd", content, {{"mode", "compress"}}, 64 * 1024).result;
  };
  std::string words;
  for (int i = 0; i < 90; ++i) words += "one ring to rule them all " + std::to_string(i * i);
  const std::string head{'\0', '\7', '\0', '\xFF'};
  const std::string skippable = std::string("\x50\x2A\x4D\x18\x03\0\0\0abc", 11);
  // Frames without a declared size, and a run of one byte.
  const std::string unsized("\x28\xB5\x2F\xFD\x00\x58\x21\x00\x00\x61\x62\x63\x64", 13);
  const std::string run_of_one("\x28\xB5\x2F\xFD\x00\x38\x03\x00\x10\x78", 10);
  return {head + packed(words),
          head + packed(""),
          head + packed("x") + packed(words),
          head + skippable,
          head + skippable + packed("y"),
          head + unsized,
          head + run_of_one,
          head + std::string("\x28\xB5\x2F\xFD\xE3\1\2\3\4", 9),
          std::string("\3\4\7", 3) + words};
}

}  // namespace

const Target& target() {
  static const Target zstd{
      .name = "zstd", .run = run, .seeds = seeds, .cost = {.live_bytes = 64U << 20}, .mutants = 400};
  return zstd;
}

}  // namespace ringmaster::fuzz
