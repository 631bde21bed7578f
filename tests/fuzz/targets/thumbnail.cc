// The picture handler, as it ships, and the parts of it that look at a file before a decoder does.
#include <zlib.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "tests/fuzz/handler_run.h"
#include "worker/handlers/thumbnail/containers.h"
#include "worker/handlers/thumbnail/jpeg_judge.h"
#include "worker/handlers/thumbnail/plan.h"

namespace ringmaster::fuzz {
namespace {

using namespace thumbnail;  // NOLINT(google-build-using-namespace): a program

std::uint32_t big_endian(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

// Right checksums, so that what stands behind them is looked at.
std::string mended(std::string png) {
  constexpr std::size_t kFrame = 12;
  for (std::size_t at = 8; png.size() >= kFrame && at <= png.size() - kFrame;) {
    const std::size_t length = big_endian(png, at);
    if (length > png.size() - at - kFrame) break;
    const auto sum = ::crc32_z(0, reinterpret_cast<const Bytef*>(png.data() + at + 4), length + 4);
    for (unsigned i = 0; i < 4; ++i) png[at + 8 + length + i] = static_cast<char>(sum >> (24 - 8 * i));
    at += kFrame + length;
  }
  return png;
}

void walk(std::string_view text) {
  const std::vector<std::byte> bytes = exact_copy(text);
  const std::string_view exact(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  try {
    const Format format = format_of(exact);
    if (format == Format::Jpeg) {
      const auto scan = scan_data(bytes);
      RM_CHECK(scan.size() <= bytes.size() && longest_blank(scan) <= scan.size(), "%zu bytes", scan.size());
      JpegJudge judge(scan.size());
      judge.left_over(scan);
      if (!judge.damage().empty()) check_sentence(judge.damage());
      return;
    }
    if (format == Format::Webp) refuse_text_copy(exact);
    const ContainerFacts facts = format == Format::Png ? walk_png(bytes) : walk_webp(bytes);
    RM_CHECK(facts.size.width >= 0 && facts.size.height >= 0 && facts.frames < UINT32_MAX,
             "a picture of less than nothing");
    if (!facts.remark.empty()) check_sentence(facts.remark);
    if (const auto refusal = refusal_of({format, facts.size, 0})) check_sentence(*refusal);
  } catch (const std::runtime_error& refused) {
    check_sentence(refused.what());
  }
}

void plan(Script& script) {
  const auto side = [&script] { return 1 + static_cast<int>(script.next<std::uint32_t>() % kMaxSide); };
  const Size picture{side(), side()};
  const auto how = script.next<std::uint8_t>();
  Box box{std::nullopt, std::nullopt, static_cast<Fit>(how % 3), (how & 4) != 0};
  if (box.fit != Fit::Inside || (how & 8) != 0) box.width = 1 + static_cast<int>(script.below(16383));
  if (box.fit != Fit::Inside || (how & 16) != 0) box.height = 1 + static_cast<int>(script.below(16383));
  if (!box.width && !box.height) box.width = 256;
  const Plan made = make_plan(picture, box);
  const auto within = [](Size inner, Size outer) {
    return inner.width >= 1 && inner.height >= 1 && inner.width <= outer.width && inner.height <= outer.height;
  };
  RM_CHECK(within(made.part, picture), "a part of %d x %d of a picture of %d x %d", made.part.width, made.part.height,
           picture.width, picture.height);
  RM_CHECK(made.result.width >= 1 && made.result.height >= 1, "a result of nothing");
  RM_CHECK(box.enlarge || within(made.result, made.part), "it was enlarged");
  const int shrink = jpeg_shrink(made);
  RM_CHECK(shrink == 1 || shrink == 2 || shrink == 4 || shrink == 8, "%d", shrink);
}

void scale(Script& script) {
  const auto how = script.next<std::uint8_t>();
  test::Arguments arguments{{"width", std::to_string(1 + how % 40)}, {"height", std::to_string(1 + how % 23)}};
  if ((how & 1) != 0) arguments["fit"] = "cover";
  if ((how & 2) != 0) arguments["format"] = (how & 4) != 0 ? "png" : "jpeg";
  const std::string text(script.rest());
  const std::string picture = text.starts_with("\x89PNG") ? mended(text) : text;
  walk(picture);
  const test::Ran ran = run_checked("thumbnail", picture, arguments, 64 * 1024);
  if (ran.code != RM_DONE) return;
  const Format wanted = arguments.contains("format") ? format_named(arguments["format"]) : format_of(picture);
  RM_CHECK(format_of(ran.result) == wanted, "a result of another format");
  if (wanted == Format::Jpeg) return;
  const std::vector<std::byte> result = exact_copy(ran.result);
  const Size size = wanted == Format::Png ? walk_png(result).size : walk_webp(result).size;
  RM_CHECK(size.width >= 1 && size.width <= 1 + how % 40 && size.height >= 1 && size.height <= 1 + how % 23,
           "a result of %d x %d", size.width, size.height);
}

void run(Input input) {
  Script script(input);
  switch (script.next<std::uint8_t>() % 4) {
    case 0:
      return walk(script.rest());
    case 1:
      return plan(script);
    default:
      return scale(script);
  }
}

std::string chunk(const char* type, const std::string& content) {
  std::string bytes;
  for (unsigned i = 0; i < 4; ++i) bytes += static_cast<char>(content.size() >> (24 - 8 * i));
  return bytes + type + content + std::string(4, '\0');
}

std::string small_png() {
  // 8 x 8 pixels of grey: eight rows, each with its filter's number.
  std::string rows;
  for (int row = 0; row < 8; ++row) rows += '\0' + std::string(8, static_cast<char>(row * 30));
  std::string packed(compressBound(rows.size()), '\0');
  uLongf size = packed.size();
  ::compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()), rows.size());
  packed.resize(size);
  const std::string header{0, 0, 0, 8, 0, 0, 0, 8, 8, 0, 0, 0, 0};
  return mended("\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("IDAT", packed) + chunk("IEND", ""));
}

std::vector<std::string> seeds() {
  const std::string png = small_png();
  const auto as = [&png](const char* format) {
    return run_checked("thumbnail", png, {{"format", format}}, 64 * 1024).result;
  };
  std::vector<std::string> seeds;
  for (const std::string& picture : {png, as("jpeg"), as("webp"), as("png")}) {
    seeds.push_back(std::string(1, '\0') + picture);
    seeds.push_back(std::string("\2\x06") + picture);
    seeds.push_back(std::string("\2\x03") + picture);
  }
  seeds.push_back(std::string(1, '\1') + std::string(8, '\x21') + std::string("\x19\x11\x12\x13\x14"));
  seeds.push_back(std::string(1, '\1') + std::string(8, '\x07') + std::string("\x01\x11\x02\x13\x14"));
  return seeds;
}

}  // namespace

const Target& target() {
  static const Target thumbnail{
      .name = "thumbnail", .run = run, .seeds = seeds, .cost = {.live_bytes = 64U << 20}, .mutants = 150};
  return thumbnail;
}

}  // namespace ringmaster::fuzz
