// Compresses and decompresses in the zstd format (RFC 8878).
#include <zstd.h>

#include <array>
#include <memory>

#include "worker/handler.h"

namespace {

using ringmaster::InvalidJob;
using ringmaster::Job;
using ringmaster::ResultTooLarge;

// A frame without a declared size is decompressed to the end only to tell how large its content is; past this it is
// taken for a bomb.
constexpr std::uint64_t kMaxCounted = std::uint64_t{4} << 30;
constexpr std::size_t kPiece = 256 * 1024;  // Between looks at cancelled().

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};
std::unique_ptr<ZSTD_CCtx, Free> compressor;
std::unique_ptr<ZSTD_DCtx, Free> decompressor;

void warm_up() {
  compressor.reset(ZSTD_createCCtx());
  decompressor.reset(ZSTD_createDCtx());
  if (!compressor || !decompressor) throw std::runtime_error("libzstd cannot make its contexts: out of memory");
}

std::size_t checked(std::size_t code, const char* what) {
  if (ZSTD_isError(code) != 0U) throw std::runtime_error(std::string(what) + ": " + ZSTD_getErrorName(code));
  return code;
}

// Feeds the input piece by piece into `space`, and once that is full into scratch memory that only counts: the caller
// is told the exact size. Returns the whole size.
template <typename Step>
std::uint64_t stream(Job& job, std::span<std::byte> space, Step&& step) {
  static std::array<std::byte, kPiece> scratch;
  ZSTD_inBuffer in{job.input().data(), 0, 0};
  std::uint64_t total = 0;
  for (bool more = true; more;) {
    job.throw_if_cancelled();
    job.progress();
    if (total > kMaxCounted) throw std::runtime_error("the content is larger than 4 GiB and does not fit");
    if (in.pos == in.size) in.size = std::min(job.input().size(), in.size + kPiece);
    const auto rest = total < space.size() ? space.subspan(total) : std::span<std::byte>(scratch);
    ZSTD_outBuffer out{rest.data(), std::min(rest.size(), kPiece), 0};
    more = step(out, in);
    total += out.pos;
  }
  return total;
}

void finish(Job& job, std::uint64_t total) {
  if (total > job.capacity()) throw ResultTooLarge(total);
  job.commit(total);
}

void compress(Job& job) {
  checked(ZSTD_CCtx_reset(compressor.get(), ZSTD_reset_session_and_parameters), "reset");
  checked(ZSTD_CCtx_setParameter(compressor.get(), ZSTD_c_compressionLevel, static_cast<int>(job.integer("level"))),
          "level");
  checked(ZSTD_CCtx_setParameter(compressor.get(), ZSTD_c_checksumFlag, 1), "checksum");
  checked(ZSTD_CCtx_setPledgedSrcSize(compressor.get(), job.input().size()), "size");
  const std::size_t size = job.input().size();
  const auto total = stream(job, job.reserve(job.capacity()), [size](ZSTD_outBuffer& out, ZSTD_inBuffer& in) {
    const auto mode = in.size == size ? ZSTD_e_end : ZSTD_e_continue;
    const auto left = checked(ZSTD_compressStream2(compressor.get(), &out, &in, mode), "cannot compress");
    return mode != ZSTD_e_end || left > 0;
  });
  finish(job, total);
}

// The content's size where every frame declares it. What a frame declares is checked while it is decompressed.
std::optional<std::uint64_t> declared_size(std::span<const std::byte> input) {
  std::uint64_t total = 0;
  while (!input.empty()) {
    const auto size = ZSTD_getFrameContentSize(input.data(), input.size());
    if (size == ZSTD_CONTENTSIZE_ERROR) throw std::runtime_error("the input is not in the zstd format");
    if (size == ZSTD_CONTENTSIZE_UNKNOWN) return std::nullopt;
    const auto frame = ZSTD_findFrameCompressedSize(input.data(), input.size());
    if (ZSTD_isError(frame) != 0U) throw std::runtime_error("the input ends in the middle of a zstd frame");
    if (__builtin_add_overflow(total, size, &total)) throw std::runtime_error("the declared content size is absurd");
    input = input.subspan(frame);
  }
  return total;
}

void decompress(Job& job) {
  if (job.input().empty()) throw std::runtime_error("the input is empty; a zstd frame has at least 9 bytes");
  if (const auto declared = declared_size(job.input()); declared && *declared > job.capacity()) {
    throw ResultTooLarge(*declared);
  }
  checked(ZSTD_DCtx_reset(decompressor.get(), ZSTD_reset_session_and_parameters), "reset");
  const std::size_t size = job.input().size();
  const auto total = stream(job, job.reserve(job.capacity()), [size](ZSTD_outBuffer& out, ZSTD_inBuffer& in) {
    const auto before = in.pos;
    const auto left = checked(ZSTD_decompressStream(decompressor.get(), &out, &in), "cannot decompress");
    const bool stuck = in.pos == before && out.pos == 0;
    if (left != 0 && in.pos == size && (stuck || out.pos < out.size)) {
      throw std::runtime_error("the input ends in the middle of a zstd frame");
    }
    return left != 0 || in.pos < size;
  });
  finish(job, total);
}

void zstd(Job& job) { job.text("mode") == "compress" ? compress(job) : decompress(job); }

}  // namespace

RINGMASTER_HANDLERS({.name = "zstd",
                     .summary = "Compresses or decompresses in the zstd format.",
                     .arguments = {{.name = "mode",
                                    .kind = ringmaster::ArgumentKind::Choice,
                                    .help = "what to do",
                                    .default_value = "compress",
                                    .choices = {"compress", "decompress"}},
                                   {.name = "level",
                                    .kind = ringmaster::ArgumentKind::Integer,
                                    .help = "for mode=compress: speed (-7) to size (22)",
                                    .default_value = "3",
                                    .minimum = -7,
                                    .maximum = 22}},
                     .result_constant = 64 * 1024,
                     .result_factor = 4,
                     .output_extension = "{mode:compress=+zst,decompress=-zst}",
                     .listens_to_cancel = true,
                     .idempotent = true,
                     .warm_up = warm_up,
                     .run = zstd})
