// What a daemon sends to the client library on the control socket: bytes of a reply, which the library reads by itself.
// Wherever protobuf's generated classes can read them too, both have read the same.
#include <google/protobuf/stubs/logging.h>

#include <string>
#include <vector>

#include "base/check.h"
#include "tests/fuzz/script.h"
#include "tests/testing/same_reply.h"

namespace ringmaster::fuzz {
namespace {

namespace v1 = control::v1;
using testing::same;
using testing::with_answer;

bool is_sentence(const std::string& text) { return text.starts_with("the daemon") && text.size() < 8192; }

// True: the library has read the reply around the answer.
bool take(const std::string& bytes) {
  v1::Reply theirs;
  const bool readable = theirs.ParseFromString(bytes);
  const auto ours = client::Reply::read(bytes);
  if (!ours) {
    RM_CHECK(is_sentence(ours.error().message), "%s", ours.error().message.c_str());
    return false;
  }
  RM_CHECK(!readable || ours->id() == theirs.id(), "another id");
  RM_CHECK(!readable || static_cast<int>(ours->kind()) == static_cast<int>(theirs.body_case()), "another kind");
  with_answer(*ours, theirs, [&](const auto& read, const auto& generated) {
    if (!read) RM_CHECK(is_sentence(read.error().message), "%s", read.error().message.c_str());
    if (read && readable) RM_CHECK(same(*read, generated), "another %s", generated.GetTypeName().c_str());
  });
  return true;
}

void run(Input input) {
  google::protobuf::SetLogHandler(nullptr);  // it would say each time what is wrong with a text
  const std::string bytes(input.begin(), input.end());
  const bool was_read = take(bytes);
  v1::Reply theirs;
  if (!theirs.ParseFromString(bytes)) return;
  const bool read_again = take(theirs.SerializeAsString());
  RM_CHECK(read_again || !was_read, "what protobuf writes again is refused");
}

std::vector<std::string> seeds() {
  std::vector<std::string> seeds;
  for (const v1::Reply& reply : testing::every_answer()) seeds.push_back(reply.SerializeAsString());
  v1::Reply other;
  other.mutable_status()->set_version("9");
  seeds.push_back(other.SerializeAsString());
  return seeds;
}

}  // namespace

const Target& target() {
  static const Target answers{.name = "answers", .run = run, .seeds = seeds};
  return answers;
}

}  // namespace ringmaster::fuzz
