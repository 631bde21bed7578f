// Password hashing and checking with bcrypt (libcrypt). The password is the input and is neither logged nor kept.
#include <crypt.h>
#include <string.h>

#include <memory>

#include "worker/handler.h"

namespace {

// bcrypt looks at no more: a longer password would be cut without a word, and two that share 72 bytes be equal.
constexpr std::size_t kMaxPassword = 72;

// A terminated private copy, and libcrypt's scratch memory; both wiped on every way out.
struct Secrets {
  explicit Secrets(ringmaster::Job& job) {
    const auto input = job.input();
    if (input.empty()) throw ringmaster::InvalidJob("the password (the input) is empty");
    if (input.size() > kMaxPassword) {
      throw ringmaster::InvalidJob("the password has " + std::to_string(input.size()) +
                                   " bytes, bcrypt takes at most 72; hash a longer one first");
    }
    // Before the copy: what is thrown in a constructor skips the destructor that wipes.
    if (std::memchr(input.data(), 0, input.size()) != nullptr) {
      throw ringmaster::InvalidJob("the password contains a zero byte, where bcrypt would stop reading");
    }
    std::memcpy(password, input.data(), input.size());
  }
  ~Secrets() {
    ::explicit_bzero(password, sizeof password);
    ::explicit_bzero(scratch.get(), sizeof *scratch);
  }
  Secrets(const Secrets&) = delete;
  Secrets& operator=(const Secrets&) = delete;

  // The hash of the password under a setting or another hash; refuses what libcrypt refuses.
  std::string hash(const char* setting) const {
    const char* const made = ::crypt_rn(password, setting, scratch.get(), sizeof *scratch);
    if (made == nullptr) throw ringmaster::InvalidJob("libcrypt refuses this hash or setting");
    return made;
  }

  char password[kMaxPassword + 1] = {};
  std::unique_ptr<crypt_data> scratch = std::make_unique<crypt_data>();
};

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

void bcrypt(ringmaster::Job& job) {
  const bool verify = job.text("mode") == "verify";
  if (verify != job.has("hash")) {
    throw ringmaster::InvalidJob(verify ? "mode=verify needs the argument hash" : "mode=hash takes no argument hash");
  }
  const Secrets secrets(job);
  if (verify) {
    const std::string expected(job.text("hash"));
    if (!expected.starts_with("$2a$") && !expected.starts_with("$2b$") && !expected.starts_with("$2y$")) {
      throw ringmaster::InvalidJob("argument hash: a bcrypt hash begins with $2a$, $2b$ or $2y$");
    }
    job.output(equal_in_constant_time(secrets.hash(expected.c_str()), expected) ? "true" : "false");
    return;
  }
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  const auto cost = static_cast<unsigned long>(job.integer("cost"));
  if (::crypt_gensalt_rn("$2b$", cost, nullptr, 0, setting, sizeof setting) == nullptr) {
    throw std::runtime_error("libcrypt cannot make a salt: " + std::string(::strerror(errno)));
  }
  job.output(secrets.hash(setting));
}

}  // namespace

RINGMASTER_HANDLERS({.name = "bcrypt",
                     .summary = "Hashes a password (the input), or checks it against a hash.",
                     .arguments = {{.name = "mode",
                                    .kind = ringmaster::ArgumentKind::Choice,
                                    .help = "verify answers true or false",
                                    .default_value = "hash",
                                    .choices = {"hash", "verify"}},
                                   {.name = "cost",
                                    .kind = ringmaster::ArgumentKind::Integer,
                                    .help = "work factor for mode=hash; one more doubles the time",
                                    .default_value = "12",
                                    .minimum = 4,
                                    .maximum = 31},
                                   {.name = "hash", .help = "for mode=verify: the hash to check against"}},
                     .result_constant = 64,
                     .output_extension = "bcrypt",
                     .change_safe = true,
                     .idempotent = true,
                     .run = bcrypt})
