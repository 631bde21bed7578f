// Scales pictures (libvips): JPEG, PNG and WebP in and out, read and written in place.
#include <vips/vips.h>

#include <cstdlib>
#include <memory>

#include "worker/handler.h"
#include "worker/handlers/thumbnail/colours.h"
#include "worker/handlers/thumbnail/containers.h"
#include "worker/handlers/thumbnail/image.h"
#include "worker/handlers/thumbnail/jpeg_reader.h"
#include "worker/handlers/thumbnail/plan.h"
#include "worker/handlers/thumbnail/scaling.h"

namespace ringmaster::thumbnail {

void fail(const std::string& what) {
  std::string why = vips_error_buffer();
  vips_error_clear();
  while (!why.empty() && why.back() == '\n') why.pop_back();
  for (char& c : why) c = c == '\n' ? ';' : c;
  throw std::runtime_error(why.empty() ? what : what + ": " + why);
}

namespace {

void warm_up() {
  // libvips loads every plug-in of its prefix at start-up: PDF, slides and ImageMagick, which this handler never uses
  // and which would cost each worker tens of megabytes. An empty prefix has none.
  const bool had_home = std::getenv("VIPSHOME") != nullptr;
  if (!had_home) ::setenv("VIPSHOME", "/nonexistent", 1);
  const int failed = vips_init("ringmaster-worker");
  if (!had_home) ::unsetenv("VIPSHOME");
  if (failed != 0) fail("cannot start libvips");
  // Drops libvips's log lines about odd pictures; real problems come as errors.
  g_log_set_handler(
      "VIPS", G_LOG_LEVEL_WARNING, [](const char*, GLogLevelFlags, const char*, void*) {}, nullptr);
  vips_concurrency_set(1);
  vips_cache_set_max(0);
  vips_cache_set_max_mem(0);
  // A picture's first bytes choose its decoder: allow only the three that this handler is for.
  vips_operation_block_set("VipsForeignLoad", TRUE);
  for (const char* loader : {"VipsForeignLoadJpeg", "VipsForeignLoadPng", "VipsForeignLoadWebp"}) {
    vips_operation_block_set(loader, FALSE);
  }
}

// libvips collects its error messages in one text per process.
void fresh_start() { vips_error_clear(); }

Box box_of(const Job& job) {
  Box box;
  if (job.has("width")) box.width = static_cast<int>(job.integer("width"));
  if (job.has("height")) box.height = static_cast<int>(job.integer("height"));
  const std::string_view fit = job.text("fit");
  box.fit = fit == "cover" ? Fit::Cover : fit == "fill" ? Fit::Fill : Fit::Inside;
  box.enlarge = job.flag("enlarge");
  if (!box.width && !box.height) box.width = box.height = 256;
  if (box.fit != Fit::Inside && (!box.width || !box.height)) {
    throw InvalidJob("fit=" + std::string(fit) + " needs both width and height");
  }
  return box;
}

// Opens the input with libvips: reads the header; pixels are decoded when they are needed.
Image open_with_vips(const Job& job, double scale) {
  const auto input = job.input();
  // libvips takes a non-const pointer that it only reads.
  auto* const bytes = const_cast<std::byte*>(input.data());
  VipsImage* image = nullptr;
  int failed = 0;
  switch (format_of(job.input_text())) {
    case Format::Jpeg:
      failed = vips_jpegload_buffer(bytes, input.size(), &image, "access", VIPS_ACCESS_SEQUENTIAL, nullptr);
      break;
    case Format::Png:
      failed = vips_pngload_buffer(bytes, input.size(), &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                   VIPS_FAIL_ON_TRUNCATED, nullptr);
      break;
    case Format::Webp:
      failed = vips_webpload_buffer(bytes, input.size(), &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                    VIPS_FAIL_ON_TRUNCATED, "scale", scale, nullptr);
      break;
  }
  if (failed != 0) fail("cannot read the picture's header");
  return Image(image);
}

// What is known of the input before anything is decoded.
struct Source {
  DecodingCost cost;
  std::string remark;
  std::unique_ptr<JpegReader> jpeg;  // Null for the other formats.
  Image header;                      // By libvips; for a PNG it is the picture itself.
  int orientation = 1;
};

std::string animation_remark(const ContainerFacts& facts) {
  if (facts.frames < 2) return facts.remark;
  return "the picture is an animation of " + std::to_string(facts.frames) + " frames: the result shows the first" +
         (facts.remark.empty() ? "" : "; " + facts.remark);
}

Source look_at(Job& job) {
  Source source;
  const Format format = format_of(job.input_text());
  switch (format) {
    case Format::Jpeg:
      source.jpeg = std::make_unique<JpegReader>(job.input(), [&job] { return job.cancelled(); });
      source.cost = source.jpeg->cost();
      break;
    case Format::Png: {
      const ContainerFacts facts = walk_png(job.input());
      source.cost = {format, facts.size, facts.interlaced ? pixels(facts.size) * facts.bits_per_pixel / 8 : 0};
      source.remark = animation_remark(facts);
      break;
    }
    case Format::Webp: {
      refuse_text_copy(job.input_text());
      const ContainerFacts facts = walk_webp(job.input());
      source.cost = {format, facts.size, 0};
      source.remark = animation_remark(facts);
      break;
    }
  }
  if (const auto refusal = refusal_of(source.cost)) throw std::runtime_error(*refusal);
  // libvips allocates all pixels of a WebP when it reads the header: scaled to one pixel here.
  source.header = open_with_vips(job, webp_scale(source.cost.size, {source.cost.size, {1, 1}}));
  if (job.flag("auto-rotate")) source.orientation = vips_image_get_orientation(source.header.get());
  return source;
}

Image open(Source& source, const Job& job, const Plan& lying) {
  if (source.cost.format == Format::Png) return std::move(source.header);
  if (source.cost.format == Format::Webp) return open_with_vips(job, webp_scale(source.cost.size, lying));
  // A JPEG has its colour profile in pieces; libvips has joined them in the header.
  const Image pixels = source.jpeg->open(jpeg_shrink(lying));
  VipsImage* image = nullptr;
  if (vips_copy(pixels.get(), &image, nullptr) != 0) fail("cannot decode the JPEG");
  const void* profile = nullptr;
  std::size_t profile_size = 0;
  if (vips_image_get_typeof(source.header.get(), VIPS_META_ICC_NAME) != 0 &&
      vips_image_get_blob(source.header.get(), VIPS_META_ICC_NAME, &profile, &profile_size) == 0) {
    vips_image_set_blob_copy(image, VIPS_META_ICC_NAME, profile, profile_size);
  }
  return Image(image);
}

// Where the encoder writes. Once the result gets no more room it only counts, so that the caller learns the exact size.
struct Sink {
  Job& job;
  std::uint64_t total = 0;
  bool full = false;
};

gint64 write_result(VipsTargetCustom*, gconstpointer data, gint64 length, gpointer user) {
  auto& sink = *static_cast<Sink*>(user);
  const auto size = static_cast<std::size_t>(length);
  sink.total += size;
  try {
    if (!sink.full) sink.job.output({static_cast<const std::byte*>(data), size});
  } catch (const ringmaster::ResultTooLarge&) {
    sink.full = true;
  }
  return length;
}

// Called by libvips every few rows, in one of its threads.
void on_progress(VipsImage* image, VipsProgress*, gpointer user) {
  auto& job = *static_cast<Job*>(user);
  job.progress();
  if (job.cancelled()) vips_image_set_kill(image, TRUE);
}

bool write(Job& job, VipsImage* image, Format format, Sink& sink) {
  const std::unique_ptr<VipsTargetCustom, Unref> target(vips_target_custom_new());
  g_signal_connect(target.get(), "write", G_CALLBACK(write_result), &sink);
  vips_image_set_progress(image, TRUE);
  g_signal_connect(image, "eval", G_CALLBACK(on_progress), &job);
  const int quality = static_cast<int>(job.integer("quality"));
  VipsTarget* const out = VIPS_TARGET(target.get());
  switch (format) {
    case Format::Jpeg:
      return vips_jpegsave_target(image, out, "Q", quality, "optimize_coding", TRUE, "strip", TRUE, nullptr) == 0;
    case Format::Png:
      return vips_pngsave_target(image, out, "strip", TRUE, nullptr) == 0;
    case Format::Webp:
      return vips_webpsave_target(image, out, "Q", quality, "strip", TRUE, nullptr) == 0;
  }
  return false;
}

void thumbnail(Job& job) {
  const Box box = box_of(job);
  Source source = look_at(job);
  const Format format = job.has("format") ? format_named(job.text("format")) : source.cost.format;
  const bool by_a_quarter = source.orientation >= 5;
  const Plan plan = make_plan(turned(source.cost.size, by_a_quarter), box);
  if (const auto refusal = refusal_of_result(plan.result, format)) throw InvalidJob(*refusal);
  const Plan lying{turned(plan.part, by_a_quarter), turned(plan.result, by_a_quarter)};

  Image image = prepare_colours(open(source, job, lying));
  image = cut_out(std::move(image), source.cost.size, lying.part);
  image = to_srgb(resize(std::move(image), lying.result));
  image = upright(std::move(image), source.orientation);
  if (format == Format::Jpeg) image = on_white(std::move(image));

  Sink sink{job};
  const bool written = write(job, image.get(), format, sink);
  image.reset();
  job.throw_if_cancelled();
  // Also after a successful write: rubbish can be encoded like any picture.
  const std::string odd = source.jpeg ? source.jpeg->finish() : source.remark;
  job.throw_if_cancelled();
  if (!written) fail("cannot decode the picture");
  if (sink.full) throw ringmaster::ResultTooLarge(sink.total);
  if (!odd.empty()) job.remark(odd);
}

}  // namespace
}  // namespace ringmaster::thumbnail

RINGMASTER_HANDLERS(
    {.name = "thumbnail",
     .summary = "Scales a JPEG, PNG or WebP picture to fit a box; the result is sRGB, without metadata.",
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
                    .help = "inside keeps all of it, cover crops to the box's shape, fill distorts; without enlarge "
                            "a small picture makes cover smaller in that shape, fill no longer on any side",
                    .default_value = "inside",
                    .choices = {"inside", "cover", "fill"}},
                   {.name = "enlarge",
                    .kind = ringmaster::ArgumentKind::Boolean,
                    .help = "scale pictures up that are smaller than the box; results have fewer than 100 "
                            "megapixels",
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
     .warm_up = ringmaster::thumbnail::warm_up,
     .fresh_start = ringmaster::thumbnail::fresh_start,
     .run = ringmaster::thumbnail::thumbnail})
