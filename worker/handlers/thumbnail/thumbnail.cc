// Scales pictures down (libvips): JPEG, PNG and WebP in and out, read and written in place.
#include <vips/vips.h>

#include <array>
#include <cstdlib>
#include <memory>

#include "worker/handler.h"

namespace {

using ringmaster::InvalidJob;
using ringmaster::Job;

constexpr std::uint64_t kMaxPixels = 100'000'000;

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
using Image = std::unique_ptr<VipsImage, Unref>;

[[noreturn]] void fail(const std::string& what) {
  std::string why = vips_error_buffer();
  vips_error_clear();
  while (!why.empty() && why.back() == '\n') why.pop_back();
  for (char& c : why) c = c == '\n' ? ';' : c;
  throw std::runtime_error(why.empty() ? what : what + ": " + why);
}

void warm_up() {
  // libvips loads every plug-in of its prefix at start-up: PDF, slides and ImageMagick, which this handler never uses
  // and which would cost each worker tens of megabytes. An empty prefix has none.
  const bool had_home = std::getenv("VIPSHOME") != nullptr;
  if (!had_home) ::setenv("VIPSHOME", "/nonexistent", 1);
  const int failed = vips_init("ringmaster-worker");
  if (!had_home) ::unsetenv("VIPSHOME");
  if (failed != 0) fail("cannot start libvips");
  // What libvips remarks about odd pictures; what matters comes back as an error.
  g_log_set_handler(
      "VIPS", G_LOG_LEVEL_WARNING, [](const char*, GLogLevelFlags, const char*, void*) {}, nullptr);
  vips_concurrency_set(1);
  vips_cache_set_max(0);
  vips_cache_set_max_mem(0);
  // A picture chooses its own decoder by its first bytes: only the three that are meant to be here.
  vips_operation_block_set("VipsForeignLoad", TRUE);
  for (const char* loader : {"VipsForeignLoadJpeg", "VipsForeignLoadPng", "VipsForeignLoadWebp"}) {
    vips_operation_block_set(loader, FALSE);
  }
}

// "jpeg", "png" or "webp", by the first bytes.
const char* format_of(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\xff\xd8\xff"sv)) return "jpeg";
  if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) return "png";
  if (bytes.size() >= 12 && bytes.starts_with("RIFF"sv) && bytes.substr(8, 4) == "WEBP"sv) return "webp";
  if (bytes.empty()) throw std::runtime_error("the input is empty");
  throw std::runtime_error("the input is not a JPEG, PNG or WebP picture");
}

struct Size {
  int width = 0;
  int height = 0;
};

// Reads the header only.
Size check_header(Job& job) {
  const auto input = job.input();
  const Image header(
      vips_image_new_from_buffer(input.data(), input.size(), "", "access", VIPS_ACCESS_SEQUENTIAL, nullptr));
  if (!header) fail("cannot read the picture's header");
  const auto width = static_cast<std::uint64_t>(vips_image_get_width(header.get()));
  const auto height = static_cast<std::uint64_t>(vips_image_get_height(header.get()));
  if (width * height >= kMaxPixels) {
    throw std::runtime_error("the picture has " + std::to_string(width) + " x " + std::to_string(height) +
                             " pixels; this handler decodes fewer than 100 megapixels");
  }
  return {static_cast<int>(width), static_cast<int>(height)};
}

Image scale(Job& job) {
  const std::string_view fit = job.text("fit");
  const bool has_width = job.has("width");
  const bool has_height = job.has("height");
  int width = has_width ? static_cast<int>(job.integer("width")) : VIPS_MAX_COORD;
  int height = has_height ? static_cast<int>(job.integer("height")) : VIPS_MAX_COORD;
  if (!has_width && !has_height) width = height = 256;
  if (fit != "inside" && has_width != has_height) {
    throw InvalidJob("fit=" + std::string(fit) + " needs both width and height");
  }
  const VipsSize size = fit == "fill" ? VIPS_SIZE_FORCE : job.flag("enlarge") ? VIPS_SIZE_BOTH : VIPS_SIZE_DOWN;
  VipsImage* scaled = nullptr;
  const auto input = job.input();
  // libvips takes a non-const pointer that it only reads. Its PNG loader heeds fail_on as a loader option only.
  if (vips_thumbnail_buffer(const_cast<std::byte*>(input.data()), input.size(), &scaled, width, "height", height,
                            "size", size, "crop", fit == "cover" ? VIPS_INTERESTING_CENTRE : VIPS_INTERESTING_NONE,
                            "no_rotate", job.flag("auto-rotate") ? FALSE : TRUE, "export_profile", "srgb",
                            "option_string", "[fail_on=truncated]", "fail_on", VIPS_FAIL_ON_TRUNCATED, nullptr) != 0) {
    fail("cannot read the picture");
  }
  return Image(scaled);
}

// JPEG has no transparency; white is what a page behind it would most often be.
Image flatten(Image image) {
  if (vips_image_hasalpha(image.get()) == 0) return image;
  const std::array<double, 3> white{255, 255, 255};
  VipsArrayDouble* const background = vips_array_double_new(white.data(), 3);
  VipsImage* flat = nullptr;
  const int failed = vips_flatten(image.get(), &flat, "background", background, nullptr);
  vips_area_unref(VIPS_AREA(background));
  if (failed != 0) fail("cannot remove the transparency");
  return Image(flat);
}

// Where the encoder writes. Past the end of the result extent it only counts, so that the caller learns the exact size.
struct Sink {
  Job& job;
  std::uint64_t total = 0;
};

gint64 write_result(VipsTargetCustom*, gconstpointer data, gint64 length, gpointer user) {
  auto& sink = *static_cast<Sink*>(user);
  const auto size = static_cast<std::size_t>(length);
  sink.total += size;
  if (sink.total <= sink.job.capacity()) sink.job.output({static_cast<const std::byte*>(data), size});
  return length;
}

// Called by libvips every few rows, in one of its threads.
void on_progress(VipsImage* image, VipsProgress*, gpointer user) {
  auto& job = *static_cast<Job*>(user);
  job.progress();
  if (job.cancelled()) vips_image_set_kill(image, TRUE);
}

void encode(Job& job, VipsImage* image, std::string_view format) {
  Sink sink{job};
  const std::unique_ptr<VipsTargetCustom, Unref> target(vips_target_custom_new());
  g_signal_connect(target.get(), "write", G_CALLBACK(write_result), &sink);
  vips_image_set_progress(image, TRUE);
  g_signal_connect(image, "eval", G_CALLBACK(on_progress), &job);
  const int quality = static_cast<int>(job.integer("quality"));
  VipsTarget* const out = VIPS_TARGET(target.get());
  int failed = 0;
  if (format == "jpeg") {
    failed = vips_jpegsave_target(image, out, "Q", quality, "optimize_coding", TRUE, "strip", TRUE, nullptr);
  } else if (format == "png") {
    failed = vips_pngsave_target(image, out, "strip", TRUE, nullptr);
  } else {
    failed = vips_webpsave_target(image, out, "Q", quality, "strip", TRUE, nullptr);
  }
  if (failed != 0 && job.cancelled()) {
    vips_error_clear();
    throw ringmaster::JobCancelled();
  }
  if (failed != 0) fail("cannot decode the picture");
  if (sink.total > job.capacity()) throw ringmaster::ResultTooLarge(sink.total);
}

void thumbnail(Job& job) {
  const char* const source = format_of(job.input_text());
  const std::string_view format = job.find("format").value_or(source);
  check_header(job);
  Image image = scale(job);
  if (format == "jpeg") image = flatten(std::move(image));
  encode(job, image.get(), format);
}

}  // namespace

RINGMASTER_HANDLERS({.name = "thumbnail",
                     .summary = "Scales a JPEG, PNG or WebP picture down to fit a box.",
                     .arguments = {{.name = "width",
                                    .kind = ringmaster::ArgumentKind::Integer,
                                    .help = "pixels at most; without height: of any height; without both: 256 x 256",
                                    .minimum = 1,
                                    .maximum = 16383},
                                   {.name = "height",
                                    .kind = ringmaster::ArgumentKind::Integer,
                                    .help = "pixels at most; without width: of any width",
                                    .minimum = 1,
                                    .maximum = 16383},
                                   {.name = "fit",
                                    .kind = ringmaster::ArgumentKind::Choice,
                                    .help = "inside keeps all of it, cover crops to the box, fill distorts",
                                    .default_value = "inside",
                                    .choices = {"inside", "cover", "fill"}},
                                   {.name = "enlarge",
                                    .kind = ringmaster::ArgumentKind::Boolean,
                                    .help = "scale pictures up that are smaller than the box",
                                    .default_value = "false"},
                                   {.name = "quality",
                                    .kind = ringmaster::ArgumentKind::Integer,
                                    .help = "of JPEG and WebP",
                                    .default_value = "80",
                                    .minimum = 1,
                                    .maximum = 100},
                                   {.name = "format",
                                    .kind = ringmaster::ArgumentKind::Choice,
                                    .help = "of the result; the input's unless given",
                                    .choices = {"jpeg", "png", "webp"}},
                                   {.name = "auto-rotate",
                                    .kind = ringmaster::ArgumentKind::Boolean,
                                    .help = "turn the picture upright by its EXIF orientation",
                                    .default_value = "true"}},
                     .result_constant = 256 * 1024,
                     .result_factor = 0.5,
                     .output_extension = "{format}",
                     .listens_to_cancel = true,
                     .idempotent = true,
                     .warm_up = warm_up,
                     .run = thumbnail})
