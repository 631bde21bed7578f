#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/worker/job/run_handler.h"

namespace ringmaster::worker {
namespace {

using test::built_handler;
using test::Ran;
using test::run;
using testing::HasSubstr;

TEST(Echo, GivesTheInputBack) {
  EXPECT_EQ(run(built_handler("echo"), "abc").result, "abc");
  EXPECT_EQ(run(built_handler("echo"), "abc", {{"repeat", "3"}}).result, "abcabcabc");
  EXPECT_EQ(run(built_handler("echo"), "").code, RM_DONE);
  EXPECT_EQ(run(built_handler("echo"), "abc", {{"repeat", "3"}}, 8).needed, 9U);
}

#ifdef RINGMASTER_HAS_SHA256
// FIPS 180-4 examples (NIST, "SHA-256 Example (One Block)" and "(Two Block)").
TEST(Sha256, GivesThePublishedDigests) {
  const auto& handler = built_handler("sha256");
  EXPECT_EQ(run(handler, "abc").result, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(run(handler, "").result, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(run(handler, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").result,
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(run(handler, std::string(1'000'000, 'a')).result,
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  EXPECT_EQ(run(handler, "abc", {{"encoding", "raw"}}).result.substr(0, 2), "\xba\x78");
}
#endif

#ifdef RINGMASTER_HAS_BCRYPT
TEST(Bcrypt, VerifiesPublishedHashes) {
  const auto& handler = built_handler("bcrypt");
  // From Openwall's crypt_blowfish test vectors (wrapper.c).
  const std::string hash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
  EXPECT_EQ(run(handler, "U*U", {{"mode", "verify"}, {"hash", hash}}).result, "true");
  EXPECT_EQ(run(handler, "U*V", {{"mode", "verify"}, {"hash", hash}}).result, "false");
}

TEST(Bcrypt, VerifiesWhatItHashed) {
  const auto& handler = built_handler("bcrypt");
  const Ran hashed = run(handler, "correct horse", {{"cost", "4"}});
  ASSERT_EQ(hashed.code, RM_DONE) << hashed.message;
  EXPECT_EQ(hashed.result.substr(0, 7), "$2b$04$");
  EXPECT_EQ(hashed.result.size(), 60U);
  EXPECT_NE(run(handler, "correct horse", {{"cost", "4"}}).result, hashed.result);
  EXPECT_EQ(run(handler, "correct horse", {{"mode", "verify"}, {"hash", hashed.result}}).result, "true");
}

TEST(Bcrypt, RefusesWhatItWouldSilentlyMisread) {
  const auto& handler = built_handler("bcrypt");
  EXPECT_EQ(run(handler, "").code, RM_INVALID);
  EXPECT_EQ(run(handler, std::string(73, 'x')).code, RM_INVALID);
  EXPECT_EQ(run(handler, std::string("a\0b", 3)).code, RM_INVALID);
  EXPECT_EQ(run(handler, "a", {{"mode", "verify"}}).code, RM_INVALID);
  EXPECT_EQ(run(handler, "a", {{"cost", "3"}}).code, RM_INVALID);
  EXPECT_EQ(run(handler, "a", {{"mode", "verify"}, {"hash", "$1$abc$"}}).code, RM_INVALID);
}

TEST(Bcrypt, TakesALineEndForNoPartOfThePassword) {
  const auto& handler = built_handler("bcrypt");
  const std::string hash = run(handler, "s3cret\n", {{"cost", "4"}}).result;
  const auto fits = [&](const std::string& password, const std::string& line_end = "strip") {
    return run(handler, password, {{"mode", "verify"}, {"hash", hash}, {"line-end", line_end}}).result;
  };
  EXPECT_EQ(fits("s3cret"), "true");
  EXPECT_EQ(fits("s3cret\n"), "true");
  EXPECT_EQ(fits("s3cret\r\n"), "true");
  EXPECT_EQ(fits("s3cret", "keep"), "true");
  EXPECT_EQ(fits("s3cret\n", "keep"), "false");
  EXPECT_EQ(fits("s3cret\n\n"), "false") << "one line end, no more";
  EXPECT_EQ(run(handler, "\n", {{"cost", "4"}}).code, RM_INVALID) << "nothing is left";
  EXPECT_EQ(run(handler, std::string(72, 'x') + "\n", {{"cost", "4"}}).code, RM_DONE);
}

TEST(Bcrypt, RefusesAHashThatIsNone) {
  const auto& handler = built_handler("bcrypt");
  const std::string good = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
  std::string odd_character = good;
  odd_character[40] = '=';
  for (const std::string& bad :
       {good.substr(0, 59), good.substr(0, 29), good + "x", good + "\n", std::string("$2b$04$short"),
        std::string("$2a$"), "$2x$" + good.substr(4), "$2$" + good.substr(4), "$2a$03" + good.substr(6),
        "$2a$32" + good.substr(6), "$2a$5$" + good.substr(6), "$2a$0x" + good.substr(6), odd_character}) {
    const Ran ran = run(handler, "U*U", {{"mode", "verify"}, {"hash", bad}});
    EXPECT_EQ(ran.code, RM_INVALID) << bad;
    EXPECT_THAT(ran.message, HasSubstr("argument hash")) << bad;
  }
}

// Four bits of the salt's last character mean nothing: other programs leave them set.
TEST(Bcrypt, OverlooksTheSparesBitsOfASalt) {
  const auto& handler = built_handler("bcrypt");
  const std::string hash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC/E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
  EXPECT_EQ(run(handler, "U*U", {{"mode", "verify"}, {"hash", hash}}).result, "true");
  EXPECT_EQ(run(handler, "U*V", {{"mode", "verify"}, {"hash", hash}}).result, "false");
}

TEST(Bcrypt, CutsALongPasswordOnlyWhereItIsAsked) {
  const auto& handler = built_handler("bcrypt");
  const std::string start(72, 'x');
  // PHP's password_hash() makes the same of the whole and of its first 72 bytes.
  const std::string hash = run(handler, start, {{"cost", "4"}}).result;
  const Ran plain = run(handler, start + "tail", {{"mode", "verify"}, {"hash", hash}});
  EXPECT_EQ(plain.code, RM_INVALID);
  EXPECT_THAT(plain.message, HasSubstr("truncate=true"));
  EXPECT_EQ(run(handler, start + "tail", {{"mode", "verify"}, {"hash", hash}, {"truncate", "true"}}).result, "true");
  EXPECT_EQ(run(handler, "y" + start, {{"mode", "verify"}, {"hash", hash}, {"truncate", "true"}}).result, "false");
  EXPECT_EQ(run(handler, start + "tail", {{"truncate", "true"}, {"cost", "4"}}).code, RM_INVALID)
      << "never when hashing";
}
#endif

#ifdef RINGMASTER_HAS_ZSTD
std::string text_of(std::size_t size) {
  std::string text;
  while (text.size() < size) text += "line " + std::to_string(text.size() * 2654435761U % 977) + "\n";
  text.resize(size);
  return text;
}

TEST(Zstd, GivesBackWhatItCompressed) {
  const auto& handler = built_handler("zstd");
  for (const std::size_t size : {0U, 1U, 1000U, 300'000U, 1'000'000U}) {
    const std::string text = text_of(size);
    const Ran packed = run(handler, text, {{"level", size % 2 == 0 ? "1" : "19"}});
    ASSERT_EQ(packed.code, RM_DONE) << packed.message;
    const Ran unpacked = run(handler, packed.result, {{"mode", "decompress"}}, size);
    ASSERT_EQ(unpacked.code, RM_DONE) << size << unpacked.message;
    EXPECT_EQ(unpacked.result, text);
  }
}

TEST(Zstd, SaysTheExactSizeWhenTheResultDoesNotFit) {
  const auto& handler = built_handler("zstd");
  const std::string text = text_of(500'000);
  const Ran packed = run(handler, text);
  const Ran bomb = run(handler, packed.result, {{"mode", "decompress"}}, 1000);
  EXPECT_EQ(bomb.code, RM_TOO_LARGE);
  EXPECT_EQ(bomb.needed, text.size());
  const Ran tight = run(handler, text, {}, 100);
  EXPECT_EQ(tight.code, RM_TOO_LARGE);
  EXPECT_EQ(tight.needed, packed.result.size());
  EXPECT_EQ(run(handler, text, {}, tight.needed).code, RM_DONE);
}

TEST(Zstd, TakesSeveralFrames) {
  const auto& handler = built_handler("zstd");
  const std::string frames = run(handler, "one").result + run(handler, "two").result;
  EXPECT_EQ(run(handler, frames, {{"mode", "decompress"}}).result, "onetwo");
}

// As `zstd --long=28` to 31 write it to a pipe: a window, no content size, one raw block, no checksum.
std::string framed(unsigned window_log, const std::string& content) {
  std::string frame("\x28\xb5\x2f\xfd\x00", 5);
  frame += static_cast<char>((window_log - 10) << 3U);
  const auto block = static_cast<std::uint32_t>(content.size() << 3U | 1U);
  for (const unsigned shift : {0U, 8U, 16U}) frame += static_cast<char>(block >> shift & 0xffU);
  return frame + content;
}

TEST(Zstd, NamesTheWindowThatAFileNeedsAndTheArgumentThatAllowsIt) {
  const auto& handler = built_handler("zstd");
  EXPECT_EQ(run(handler, framed(27, "abc"), {{"mode", "decompress"}}).result, "abc");
  for (const unsigned log : {28U, 31U}) {
    const Ran refused = run(handler, framed(log, "abc"), {{"mode", "decompress"}});
    EXPECT_EQ(refused.code, RM_INVALID);
    EXPECT_THAT(refused.message, HasSubstr("window of " + std::to_string(1U << (log - 20)) + " MiB"));
    EXPECT_THAT(refused.message, HasSubstr("window-log=" + std::to_string(log)));
  }
  EXPECT_EQ(run(handler, framed(28, "abc"), {{"mode", "decompress"}, {"window-log", "28"}}).result, "abc");
  // Also in a later frame.
  EXPECT_THAT(run(handler, framed(20, "abc") + framed(29, "d"), {{"mode", "decompress"}}).message, HasSubstr("log=29"));
  EXPECT_EQ(run(handler, framed(20, "abc"), {{"mode", "decompress"}, {"window-log", "19"}}).code, RM_INVALID);
}

TEST(Zstd, SkipsSkippableFrames) {
  const auto& handler = built_handler("zstd");
  const std::string skippable("\x50\x2a\x4d\x18\x03\0\0\0xyz", 11);
  const std::string frame = run(handler, "one").result;
  EXPECT_EQ(run(handler, skippable + frame + skippable + framed(20, "two"), {{"mode", "decompress"}}).result, "onetwo");
  EXPECT_EQ(run(handler, skippable, {{"mode", "decompress"}}).code, RM_DONE);
}

TEST(Zstd, SaysWhatIsWrongWithItsInput) {
  const auto& handler = built_handler("zstd");
  const std::string frame = run(handler, "one").result;
  const auto message = [&](const std::string& input) { return run(handler, input, {{"mode", "decompress"}}).message; };
  EXPECT_THAT(message(frame + "trailing"), HasSubstr("8 bytes of something else"));
  EXPECT_THAT(message(frame.substr(0, frame.size() - 1)), HasSubstr("ends in the middle"));
  EXPECT_THAT(message("PK\3\4 is another format"), HasSubstr("not in the zstd format"));
  // A dictionary's number in the header: 7.
  EXPECT_THAT(message(std::string("\x28\xb5\x2f\xfd\x01\x50\x07\x19\0\0abc", 13)), HasSubstr("dictionary 7"));
}

// A failed job leaves its context as it was.
TEST(Zstd, TellsOfItsOwnJobOnly) {
  const auto& handler = built_handler("zstd");
  const std::string packed = run(handler, text_of(300'000)).result;
  (void)run(handler, packed.substr(0, packed.size() / 2), {{"mode", "decompress"}});
  (void)run(handler, framed(28, "abc"), {{"mode", "decompress"}, {"window-log", "28"}});
  EXPECT_EQ(run(handler, packed, {{"mode", "decompress"}}).result, text_of(300'000));
  EXPECT_EQ(run(handler, framed(28, "abc"), {{"mode", "decompress"}}).code, RM_INVALID);
}

TEST(Zstd, RefusesBrokenInput) {
  const auto& handler = built_handler("zstd");
  const std::string packed = run(handler, text_of(300'000)).result;
  std::string flipped = packed;
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 0x55);
  for (const std::string& bad : {std::string(), std::string("no zstd at all"), packed.substr(0, packed.size() - 1),
                                 packed.substr(0, packed.size() / 2), flipped, packed + "tail"}) {
    const Ran ran = run(handler, bad, {{"mode", "decompress"}});
    EXPECT_EQ(ran.code, RM_FAILED);
    EXPECT_NE(ran.message, "");
  }
}
#endif

TEST(HandlerLibrary, SaysWhyAFileIsNone) {
  HandlerRegistry registry;
  const auto missing = load_handler_library("/nonexistent/x.so", registry);
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("/nonexistent/x.so"));
  const auto unknown = find_handler_library("nope", {RINGMASTER_HANDLER_FOLDER});
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, HasSubstr("nope.so"));
  EXPECT_TRUE(find_handler_library("echo", {RINGMASTER_HANDLER_FOLDER}));
}

TEST(HandlerLibrary, LoadsAWholeFolder) {
  HandlerRegistry registry;
  std::vector<std::string> skipped;
  ASSERT_TRUE(load_all_handlers({RINGMASTER_HANDLER_FOLDER}, registry, skipped));
  EXPECT_NE(registry.find("echo"), nullptr);
  EXPECT_FALSE(load_all_handlers({"/nonexistent"}, *std::make_unique<HandlerRegistry>(), skipped));
}

}  // namespace
}  // namespace ringmaster::worker
