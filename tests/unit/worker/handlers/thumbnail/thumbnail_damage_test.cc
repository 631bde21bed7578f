#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "pictures.h"

namespace ringmaster::worker {
namespace {

using test::encode;
using test::noise;
using test::Ran;
using test::run;
using test::thumbnail;
using testing::AnyOf;
using testing::HasSubstr;

const std::string& jpeg() {
  static const std::string bytes = encode(noise(600, 900).get(), ".jpg[Q=90]");
  return bytes;
}

std::string filled(std::string bytes, std::size_t from, std::size_t count, char with) {
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(from), count, with);
  return bytes;
}

std::string as_text(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) text += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return text;
}

void expect_failure(const std::string& bytes, const std::string& what) {
  for (const char* width : {"150", "600"}) {  // Shrunk while decoded, and not.
    const Ran ran = run(thumbnail(), bytes, {{"width", width}, {"format", "png"}});
    EXPECT_EQ(ran.code, RM_FAILED) << what;
    EXPECT_THAT(ran.message, AnyOf(HasSubstr("damaged"), HasSubstr("cut"), HasSubstr("cannot"))) << what;
  }
}

TEST(ThumbnailDamage, FailsForAJpegThatDecodesToRubbish) {
  const std::string& whole = jpeg();
  const std::size_t half = whole.size() / 2;
  expect_failure(filled(whole, half, 4096, '\0'), "a bad sector");
  expect_failure(filled(whole, half, 512, '\0'), "a small bad sector");
  for (std::size_t at = half; at < half + 5000; at += 250) expect_failure(filled(whole, at, 128, '\0'), "a small hole");
  expect_failure(filled(whole, half, 4096, '\xff'), "an erased sector");
  expect_failure(filled(whole, half, whole.size() - half - 2, '\0'), "a download into a file of zeros");
  expect_failure(filled(whole, half, whole.size() - half, '\0'), "the same without an end marker");
  expect_failure(whole.substr(0, half) + whole.substr(half + 4096), "a piece is missing");
  expect_failure(whole.substr(0, half) + "\xff\xd9", "an end marker too early");
  expect_failure(whole.substr(0, half), "cut in half");
  expect_failure(as_text(whole), "copied as text");
  expect_failure(whole.substr(0, half) + whole, "half of it before the whole");
}

TEST(ThumbnailDamage, FailsForADamagedProgressiveJpeg) {
  const std::string whole = encode(noise(600, 900).get(), ".jpg[Q=90,interlace=true]");
  ASSERT_EQ(run(thumbnail(), whole).code, RM_DONE);
  const std::size_t half = whole.size() / 2;
  expect_failure(filled(whole, half, 4096, '\0'), "a bad sector");
  expect_failure(whole.substr(0, half), "cut in half");
  expect_failure(as_text(whole), "copied as text");
}

TEST(ThumbnailDamage, SeesDamageInWhatIsCroppedAway) {
  const std::string bad = filled(jpeg(), jpeg().size() - 6000, 4096, '\0');
  const Ran ran = run(thumbnail(), bad, {{"width", "300"}, {"height", "100"}, {"fit", "cover"}});
  EXPECT_EQ(ran.code, RM_FAILED);
}

TEST(ThumbnailDamage, AcceptsWhatPhonesWrite) {
  const std::string& whole = jpeg();
  const auto scan = whole.find("\xff\xda");
  const auto tables = whole.find("\xff\xdb");
  std::string odd_scan = whole;  // The end of its spectral selection, which a sequential JPEG does not have.
  odd_scan[scan + 5 + 2 * static_cast<std::size_t>(whole[scan + 4]) + 1] = 0;
  const std::string good = run(thumbnail(), whole).result;
  for (const std::string& odd :
       {odd_scan, whole + "SEFH" + std::string(500, '\0'), whole.substr(0, tables) + "abc" + whole.substr(tables)}) {
    const Ran ran = run(thumbnail(), odd);
    EXPECT_EQ(ran.code, RM_DONE) << ran.message;
    EXPECT_EQ(ran.message, "");
    EXPECT_EQ(ran.result, good);
  }
}

TEST(ThumbnailDamage, RemarksWhatMayBeDamageOrMayNot) {
  const std::string& whole = jpeg();
  const std::string data = whole.substr(0, whole.size() - 2);
  const std::string good = run(thumbnail(), whole).result;
  for (const auto& [odd, says] : {std::pair(data, "lacks its end marker"),
                                  {data + std::string(40, '\0') + "\xff\xd9", "belong to no row"},
                                  {data + std::string(2000, 'x') + "\xff\xd9", "belong to no row"}}) {
    const Ran ran = run(thumbnail(), odd);
    EXPECT_EQ(ran.code, RM_DONE) << ran.message;
    EXPECT_THAT(ran.message, HasSubstr(says));
    EXPECT_EQ(ran.result, good);
  }
}

TEST(ThumbnailDamage, FailsForADamagedPng) {
  const std::string whole = encode(noise(300, 300).get(), ".png");
  const auto data = whole.find("IDAT");
  std::string flipped = whole;
  flipped[whole.size() - 40] = static_cast<char>(flipped[whole.size() - 40] ^ 1);
  expect_failure(flipped, "one bit in the last chunk of data");
  expect_failure(filled(whole, whole.size() / 2, 512, '\0'), "a bad sector");
  expect_failure(whole.substr(0, whole.size() / 2), "cut in half");
  expect_failure(whole.substr(0, data - 4), "cut before the data");
  const Ran endless = run(thumbnail(), whole.substr(0, whole.size() - 12));
  EXPECT_EQ(endless.code, RM_DONE) << endless.message;
  EXPECT_THAT(endless.message, HasSubstr("lacks its end"));
  EXPECT_EQ(run(thumbnail(), whole + "trailing").message, "");
}

TEST(ThumbnailDamage, FailsForADamagedWebp) {
  const std::string whole = encode(noise(300, 300).get(), ".webp");
  expect_failure(whole.substr(0, whole.size() / 2), "cut in half");
  expect_failure(whole.substr(0, whole.size() - 100), "cut near its end");
  expect_failure(as_text(whole), "copied as text");
  EXPECT_EQ(run(thumbnail(), whole + "trailing").code, RM_DONE);
}

// Its tables make zeros of what is flat: a run of them is no hole.
TEST(ThumbnailDamage, AcceptsAFlatJpeg) {
  for (const char* options : {".jpg", ".jpg[optimize_coding=true]", ".jpg[interlace=true]"}) {
    const test::Image flat =
        test::made([](VipsImage** out) { return vips_black(out, 2000, 1500, "bands", 3, nullptr); });
    const Ran ran = run(thumbnail(), encode(flat.get(), options));
    EXPECT_EQ(ran.code, RM_DONE) << ran.message;
    EXPECT_EQ(ran.message, "");
  }
}

// Bytes changed, lost and added anywhere: a result or a failure, never a crash.
TEST(ThumbnailDamage, SurvivesAnything) {
  const test::Image small = noise(64, 48);
  std::uint32_t state = 1;
  const auto random = [&state](std::size_t below) { return (state = state * 1664525U + 1013904223U) / 65536U % below; };
  for (const char* suffix : {".jpg", ".jpg[interlace=true]", ".png", ".webp", ".webp[lossless=true]"}) {
    const std::string whole = encode(small.get(), suffix);
    for (int i = 0; i < 200; ++i) {
      std::string bad = whole;
      for (std::size_t changes = 1 + random(5); changes > 0; --changes) {
        const std::size_t at = random(i % 2 == 0 ? bad.size() : std::min<std::size_t>(700, bad.size()));
        if (random(3) == 0)
          bad.erase(at, 1 + random(20));
        else if (random(3) == 0)
          bad.insert(at, random(20), static_cast<char>(random(256)));
        else
          bad[at] = static_cast<char>(random(256));
        if (bad.size() < 32) bad = whole;
      }
      const Ran ran = run(thumbnail(), bad, {{"width", "20"}});
      EXPECT_TRUE(ran.code == RM_DONE || ran.code == RM_FAILED) << ran.message;
    }
  }
}

TEST(ThumbnailDamage, TellsOfItsOwnJobOnly) {
  const std::string webp = encode(noise(300, 300).get(), ".webp");
  const std::string broken = webp.substr(0, 30) + std::string(webp.size() - 30, '\x7f');
  const Ran alone = run(thumbnail(), broken);
  ASSERT_EQ(alone.code, RM_FAILED);
  const std::string& whole = jpeg();
  const auto tables = whole.find("\xff\xdb");
  std::string profile = "\xff\xe2\x01\x02ICC_PROFILE";
  profile += std::string("\0\1\1", 3) + std::string(256 - 14, '\0');
  (void)run(thumbnail(), whole.substr(0, 2) + profile + whole.substr(2));
  (void)run(thumbnail(), whole.substr(0, tables) + "abc" + whole.substr(tables));
  (void)run(thumbnail(), whole.substr(0, whole.size() / 2));
  EXPECT_EQ(run(thumbnail(), broken).message, alone.message);
}

}  // namespace
}  // namespace ringmaster::worker
