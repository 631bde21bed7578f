// Compresses and decompresses in the zstd format (RFC 8878).
#include <zstd.h>

#include <algorithm>
#include <array>
#include <memory>

#include "worker/handler.h"

namespace {

using ringmaster::InvalidJob;
using ringmaster::Job;
using ringmaster::ResultTooLarge;

// A frame without a declared size is decompressed to its end only to count its content. A frame with more than this is
// treated as a decompression bomb.
constexpr std::uint64_t kMaxCounted = std::uint64_t{4} << 30;
constexpr std::size_t kPiece = 256 * 1024;  // Processed between two checks of cancelled().

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};
std::unique_ptr<ZSTD_CCtx, Free> compressor;
std::unique_ptr<ZSTD_DCtx, Free> decompressor;

// A larger context is freed after the job: level 22 or a long window can leave hundreds of megabytes in it.
constexpr std::size_t kKeptContext = std::size_t{16} << 20;

// Before each job: resets the contexts, so that the previous job has no effect.
void fresh_start() {
  if (!compressor) compressor.reset(ZSTD_createCCtx());
  if (!decompressor) decompressor.reset(ZSTD_createDCtx());
  if (!compressor || !decompressor) throw std::runtime_error("libzstd cannot make its contexts: out of memory");
  ZSTD_CCtx_reset(compressor.get(), ZSTD_reset_session_and_parameters);
  ZSTD_DCtx_reset(decompressor.get(), ZSTD_reset_session_and_parameters);
}

// Frees large contexts when the job ends, however it ends: an idle worker holds no window.
struct GiveBack {
  ~GiveBack() {
    if (compressor && ZSTD_sizeof_CCtx(compressor.get()) > kKeptContext) compressor.reset();
    if (decompressor && ZSTD_sizeof_DCtx(decompressor.get()) > kKeptContext) decompressor.reset();
  }
};

std::size_t checked(std::size_t code, const char* what) {
  if (ZSTD_isError(code) != 0U) throw std::runtime_error(std::string(what) + ": " + ZSTD_getErrorName(code));
  return code;
}

// Where the output goes: into the result; beyond the room that it has by way of scratch memory, and once it gets no
// more room it is only counted, so that the caller learns the exact size.
class Target {
 public:
  explicit Target(Job& job) : job_(job) {}

  [[nodiscard]] std::span<std::byte> piece() {
    const std::size_t left = job_.capacity() - std::min(job_.capacity(), job_.committed());
    in_place_ = left != 0;
    return in_place_ ? job_.reserve(std::min(left, kPiece)) : std::span<std::byte>(scratch());
  }
  /// So many bytes are in the last piece.
  void wrote(std::size_t bytes) {
    total_ += bytes;
    if (in_place_) return job_.commit(bytes);
    if (!counts_) append(bytes);
    if (counts_ && total_ > kMaxCounted) {
      throw std::runtime_error(
          "the content is larger than 4 GiB, past which its size is not counted, and there was "
          "room for " +
          std::to_string(job_.committed()) + " bytes");
    }
  }
  void finish() const {
    if (counts_) throw ResultTooLarge(total_);
  }

 private:
  static std::array<std::byte, kPiece>& scratch() {
    static std::array<std::byte, kPiece> memory;
    return memory;
  }
  void append(std::size_t bytes) {
    try {
      if (bytes != 0) job_.output(std::span(scratch()).first(bytes));
    } catch (const ResultTooLarge&) {
      counts_ = true;
    }
  }

  Job& job_;
  bool in_place_ = true;
  bool counts_ = false;
  std::uint64_t total_ = 0;
};

// Processes the input piece by piece.
template <typename Step>
void stream(Job& job, Step&& step) {
  Target target(job);
  ZSTD_inBuffer in{job.input().data(), 0, 0};
  for (bool more = true; more;) {
    job.throw_if_cancelled();
    job.progress();
    if (in.pos == in.size) in.size = std::min(job.input().size(), in.size + kPiece);
    const auto piece = target.piece();
    ZSTD_outBuffer out{piece.data(), piece.size(), 0};
    more = step(out, in);
    target.wrote(out.pos);
  }
  target.finish();
}

void compress(Job& job) {
  checked(ZSTD_CCtx_setParameter(compressor.get(), ZSTD_c_compressionLevel, static_cast<int>(job.integer("level"))),
          "level");
  checked(ZSTD_CCtx_setParameter(compressor.get(), ZSTD_c_checksumFlag, 1), "checksum");
  checked(ZSTD_CCtx_setPledgedSrcSize(compressor.get(), job.input().size()), "size");
  const std::size_t size = job.input().size();
  stream(job, [size](ZSTD_outBuffer& out, ZSTD_inBuffer& in) {
    const auto mode = in.size == size ? ZSTD_e_end : ZSTD_e_continue;
    const auto left = checked(ZSTD_compressStream2(compressor.get(), &out, &in, mode), "cannot compress");
    return mode != ZSTD_e_end || left > 0;
  });
}

// A frame's header (RFC 8878, 3.1.1.1). Read here, because libzstd's reader is not in its stable interface.
struct FrameHeader {
  std::uint64_t window = 0;      // Bytes that a decoder must keep.
  std::uint64_t dictionary = 0;  // 0: none.
  std::optional<std::uint64_t> content;
};

std::uint64_t little_endian(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) value = value << 8U | std::to_integer<std::uint64_t>(bytes[i - 1]);
  return value;
}

// REQUIRES: libzstd found the frame to be whole.
FrameHeader read_header(std::span<const std::byte> frame) {
  FrameHeader header;
  if (little_endian(frame.first(4)) != ZSTD_MAGICNUMBER) {  // A skippable frame.
    header.content = 0;
    return header;
  }
  const auto descriptor = std::to_integer<unsigned>(frame[4]);
  const bool single_segment = (descriptor & 0x20U) != 0;
  std::size_t at = 5;
  if (!single_segment) {
    const auto window = std::to_integer<unsigned>(frame[at++]);
    const std::uint64_t base = std::uint64_t{1} << (10 + (window >> 3U));
    header.window = base + base / 8 * (window & 7U);
  }
  const std::size_t dictionary_bytes = std::array<std::size_t, 4>{0, 1, 2, 4}[descriptor & 3U];
  header.dictionary = little_endian(frame.subspan(at, dictionary_bytes));
  const auto content = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (content != ZSTD_CONTENTSIZE_UNKNOWN && content != ZSTD_CONTENTSIZE_ERROR) header.content = content;
  if (single_segment) header.window = header.content.value_or(0);
  return header;
}

bool begins_frame(std::span<const std::byte> input) {
  const std::uint64_t magic = little_endian(input.first(std::min<std::size_t>(4, input.size())));
  return magic == ZSTD_MAGICNUMBER || (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

struct Frames {
  std::optional<std::uint64_t> content;  // Size of all frames' content, if each frame declares its own.
  std::uint64_t memory = 0;              // The most memory that any frame takes to decode.
};

// Reads all frame headers before anything is decoded. What they declare is checked again during decompression.
Frames look_at(std::span<const std::byte> input) {
  Frames all{0, 0};
  const std::size_t size = input.size();
  while (!input.empty()) {
    const std::string where = input.size() == size ? "" : " at byte " + std::to_string(size - input.size());
    if (!begins_frame(input)) {
      throw std::runtime_error(where.empty() ? "the input is not in the zstd format"
                                             : "behind the last zstd frame come " + std::to_string(input.size()) +
                                                   " bytes of something else," + where);
    }
    const auto length = ZSTD_findFrameCompressedSize(input.data(), input.size());
    if (ZSTD_isError(length) != 0U) {
      throw std::runtime_error("the input ends in the middle of a zstd frame, or the frame" + where + " is damaged");
    }
    const FrameHeader header = read_header(input.first(length));
    if (header.dictionary != 0) {
      throw std::runtime_error("the input was compressed with dictionary " + std::to_string(header.dictionary) +
                               ", which this handler does not have");
    }
    if (!header.content) all.content.reset();
    if (all.content && __builtin_add_overflow(*all.content, *header.content, &*all.content)) {
      throw std::runtime_error("the declared content size is impossibly large");
    }
    // A decoder's window is never larger than the content.
    all.memory = std::max(all.memory, std::min(header.window, header.content.value_or(UINT64_MAX)));
    input = input.subspan(length);
  }
  return all;
}

std::string mebibytes(std::uint64_t bytes) { return std::to_string((bytes + (1U << 20U) - 1) >> 20U) + " MiB"; }

void check_window(const Job& job, const Frames& frames) {
  const auto allowed = job.integer("window-log");
  if (frames.memory <= std::uint64_t{1} << allowed) return;
  int needed = static_cast<int>(allowed);
  const int most = ZSTD_dParam_getBounds(ZSTD_d_windowLogMax).upperBound;
  while (needed < most && frames.memory > std::uint64_t{1} << needed) ++needed;
  const std::string what = "the input needs a window of " + mebibytes(frames.memory) + " of memory (zstd --long), " +
                           mebibytes(std::uint64_t{1} << allowed) + " are allowed";
  if (frames.memory > std::uint64_t{1} << most) throw InvalidJob(what + "; it is more than libzstd can decode");
  throw InvalidJob(what + ": give window-log=" + std::to_string(needed));
}

void decompress(Job& job) {
  if (job.input().empty()) throw std::runtime_error("the input is empty; a zstd frame has at least 9 bytes");
  const Frames frames = look_at(job.input());
  check_window(job, frames);
  // Asks for all of the room at once, before the work.
  if (frames.content) (void)job.reserve(static_cast<std::size_t>(*frames.content));
  // The memory was checked above, so the library's own limit is lifted: a long window with little content is cheap.
  checked(ZSTD_DCtx_setParameter(decompressor.get(), ZSTD_d_windowLogMax,
                                 ZSTD_dParam_getBounds(ZSTD_d_windowLogMax).upperBound),
          "window");
  const std::size_t size = job.input().size();
  stream(job, [size](ZSTD_outBuffer& out, ZSTD_inBuffer& in) {
    const auto before = in.pos;
    const auto left = checked(ZSTD_decompressStream(decompressor.get(), &out, &in), "cannot decompress");
    const bool stuck = in.pos == before && out.pos == 0;
    if (left != 0 && in.pos == size && (stuck || out.pos < out.size)) {
      throw std::runtime_error("the input ends in the middle of a zstd frame");
    }
    return left != 0 || in.pos < size;
  });
}

void zstd(Job& job) {
  const GiveBack give_back;
  job.text("mode") == "compress" ? compress(job) : decompress(job);
}

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
                                    .maximum = 22},
                                   {.name = "window-log",
                                    .kind = ringmaster::ArgumentKind::Integer,
                                    .help = "for mode=decompress: allow windows of 2^n bytes of the worker's memory "
                                            "(files of zstd --long=28 to 31)",
                                    .default_value = "27",
                                    .minimum = 10,
                                    .maximum = 31}},
                     .result_constant = 64 * 1024,
                     .result_factor = 4,
                     .output_extension = "{mode:compress=+zst,decompress=-zst}",
                     .listens_to_cancel = true,
                     .idempotent = true,
                     .warm_up = fresh_start,
                     .fresh_start = fresh_start,
                     .run = zstd})
