#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "run_handler.h"

namespace ringmaster {
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
  EXPECT_EQ(run(handler, "a", {{"mode", "verify"}, {"hash", "$2b$04$short"}}).code, RM_INVALID);
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
}  // namespace ringmaster
