// SHA-256 of the input (libcrypto, which uses the CPU's instructions for it).
#include <openssl/evp.h>

#include <array>
#include <memory>

#include "worker/handler.h"

namespace {

constexpr std::size_t kPiece = 1 << 20;  // Hashed between two checks of cancelled(): under a millisecond.
constexpr std::size_t kDigestBytes = 32;

struct Free {
  void operator()(EVP_MD* algorithm) const { EVP_MD_free(algorithm); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
// Fetched once: EVP_sha256() looks the algorithm up under a lock for every digest.
std::unique_ptr<EVP_MD, Free> algorithm;
std::unique_ptr<EVP_MD_CTX, Free> context;

void warm_up() {
  algorithm.reset(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  context.reset(EVP_MD_CTX_new());
  if (!algorithm || !context) throw std::runtime_error("libcrypto offers no SHA256");
}

void sha256(ringmaster::Job& job) {
  std::array<unsigned char, kDigestBytes> digest{};
  bool fine = EVP_DigestInit_ex(context.get(), algorithm.get(), nullptr) == 1;
  for (auto rest = job.input(); fine && !rest.empty();) {
    const auto piece = rest.first(std::min(kPiece, rest.size()));
    fine = EVP_DigestUpdate(context.get(), piece.data(), piece.size()) == 1;
    rest = rest.subspan(piece.size());
    job.throw_if_cancelled();
    job.progress();
  }
  if (!fine || EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1) {
    throw std::runtime_error("libcrypto failed to compute the digest");
  }
  if (job.text("encoding") == "raw") {
    job.output(std::as_bytes(std::span(digest)));
    return;
  }
  std::string hex;
  for (const unsigned char byte : digest) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  job.output(hex);
}

}  // namespace

RINGMASTER_HANDLERS({.name = "sha256",
                     .summary = "SHA-256 of the input.",
                     .arguments = {{.name = "encoding",
                                    .kind = ringmaster::ArgumentKind::Choice,
                                    .help = "64 hexadecimal digits, or 32 bytes",
                                    .default_value = "hex",
                                    .choices = {"hex", "raw"}}},
                     .result_constant = 64,
                     .output_extension = "sha256",
                     .listens_to_cancel = true,
                     .change_safe = true,
                     .idempotent = true,
                     .warm_up = warm_up,
                     .run = sha256})
