// Password hashing and checking with bcrypt (libcrypt). The password is the input and is neither logged nor kept.
#include <crypt.h>
#include <string.h>

#include <algorithm>
#include <memory>

#include "worker/handler.h"

namespace {

using ringmaster::InvalidJob;
using ringmaster::Job;

// bcrypt reads no more: longer passwords that share their first 72 bytes would silently be equal.
constexpr std::size_t kMaxPassword = 72;

// Of a bcrypt hash: "$2b$12$", 22 characters of salt, 31 of the sum.
constexpr std::size_t kHashSize = 60;
constexpr std::size_t kPrefixSize = 7;
constexpr std::size_t kSumAt = 29;

// The password in the input: without the line end that `echo` or an editor appends, unless the caller asks to keep it.
std::span<const std::byte> password_of(const Job& job) {
  auto password = job.input();
  if (job.text("line-end") == "strip" && !password.empty() && password.back() == std::byte{'\n'}) {
    password = password.first(password.size() - 1);
    if (!password.empty() && password.back() == std::byte{'\r'}) password = password.first(password.size() - 1);
  }
  if (password.empty()) throw InvalidJob("the password (the input) is empty");
  if (job.flag("truncate")) return password.first(std::min(kMaxPassword, password.size()));
  if (password.size() > kMaxPassword) {
    const std::string size =
        "the password has " + std::to_string(password.size()) + " bytes, bcrypt takes at most 72; ";
    throw InvalidJob(size + (job.text("mode") == "verify"
                                 ? "for a hash of a program that cuts them, as PHP's password_hash does: truncate=true"
                                 : "hash a longer one first, with sha256 for example"));
  }
  return password;
}

// A terminated private copy, and libcrypt's scratch memory; both wiped on every way out.
struct Secrets {
  explicit Secrets(const Job& job) {
    const auto input = password_of(job);
    // Checked before the copy: after a throw in the constructor no destructor would wipe it.
    if (std::memchr(input.data(), 0, input.size()) != nullptr) {
      throw InvalidJob("the password contains a zero byte, where bcrypt would stop reading");
    }
    std::memcpy(password, input.data(), input.size());
  }
  ~Secrets() {
    ::explicit_bzero(password, sizeof password);
    ::explicit_bzero(scratch.get(), sizeof *scratch);
  }
  Secrets(const Secrets&) = delete;
  Secrets& operator=(const Secrets&) = delete;

  // Hashes the password with the given setting, which may be another hash. Throws if libcrypt refuses it.
  std::string hash(const char* setting) const {
    const char* const made = ::crypt_rn(password, setting, scratch.get(), sizeof *scratch);
    if (made == nullptr) throw InvalidJob("libcrypt refuses this hash or setting");
    return made;
  }

  char password[kMaxPassword + 1] = {};
  std::unique_ptr<crypt_data> scratch = std::make_unique<crypt_data>();
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_bcrypt_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '/';
}

// Refuses a malformed hash: otherwise every password would look wrong.
void check_hash(std::string_view hash) {
  if (!hash.starts_with("$2a$") && !hash.starts_with("$2b$") && !hash.starts_with("$2y$")) {
    throw InvalidJob("argument hash: a bcrypt hash begins with $2a$, $2b$ or $2y$");
  }
  if (hash.size() != kHashSize) {
    throw InvalidJob("argument hash: it has " + std::to_string(hash.size()) +
                     " characters, a bcrypt hash has 60: it was cut or something was added");
  }
  const int cost = is_digit(hash[4]) && is_digit(hash[5]) ? (hash[4] - '0') * 10 + (hash[5] - '0') : -1;
  if (cost < 4 || cost > 31 || hash[6] != '$') {
    throw InvalidJob("argument hash: behind its first four characters stands its cost, 04 to 31, and a $");
  }
  if (!std::all_of(hash.begin() + kPrefixSize, hash.end(), is_bcrypt_character)) {
    throw InvalidJob("argument hash: behind the cost a bcrypt hash has only letters, digits, . and /");
  }
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

void bcrypt(Job& job) {
  const bool verify = job.text("mode") == "verify";
  if (verify != job.has("hash")) {
    throw InvalidJob(verify ? "mode=verify needs the argument hash" : "mode=hash takes no argument hash");
  }
  if (!verify && job.flag("truncate")) {
    throw InvalidJob("truncate=true is for mode=verify: a new hash of a part of the password would be a weaker one");
  }
  const std::string expected(job.find("hash").value_or(""));
  if (verify) check_hash(expected);
  const Secrets secrets(job);
  if (verify) {
    // Compares only the sum: the salt's last character has four unused bits, which libcrypt clears.
    const std::string made = secrets.hash(expected.c_str());
    const bool same = made.size() == kHashSize && equal_in_constant_time(std::string_view(made).substr(kSumAt),
                                                                         std::string_view(expected).substr(kSumAt));
    job.output(same ? "true" : "false");
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

RINGMASTER_HANDLERS(
    {.name = "bcrypt",
     .summary = "Hashes a password (the input, without a line end), or checks it against a hash.",
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
                   {.name = "hash", .help = "for mode=verify: the hash to check against"},
                   {.name = "line-end",
                    .kind = ringmaster::ArgumentKind::Choice,
                    .help = "one newline at the end of the input: strip it, as htpasswd -i does, or keep "
                            "it as part of the password",
                    .default_value = "strip",
                    .choices = {"strip", "keep"}},
                   {.name = "truncate",
                    .kind = ringmaster::ArgumentKind::Boolean,
                    .help = "for mode=verify: look at the first 72 bytes of a longer password, as PHP "
                            "does; without it such a password is refused",
                    .default_value = "false"}},
     .result_constant = 64,
     .output_extension = "bcrypt",
     .change_safe = true,
     .idempotent = true,
     .run = bcrypt})
