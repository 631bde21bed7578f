#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>  // jpeglib.h needs it.
#include <functional>
#include <span>
#include <string>

#include <jpeglib.h>
#include <setjmp.h>

#include "worker/handlers/thumbnail/image.h"
#include "worker/handlers/thumbnail/jpeg_judge.h"
#include "worker/handlers/thumbnail/plan.h"

namespace ringmaster::thumbnail {

/// Decodes a JPEG row by row with libjpeg, and shrinks it meanwhile. libvips's loader is not used, because it reports
/// only the decoder's first warning and nothing after the last row: it would accept damaged pictures. Throws
/// std::runtime_error if the picture cannot be read. Must outlive the images made from it.
class JpegReader {
 public:
  /// Reads the header. `stop` is called now and then while a picture in several scans is read.
  JpegReader(std::span<const std::byte> bytes, std::function<bool()> stop);
  ~JpegReader();
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  [[nodiscard]] DecodingCost cost() const;

  /// The picture, 1, 2, 4 or 8 times smaller, to be read once from top to bottom. Called once.
  [[nodiscard]] Image open(int shrink);

  /// To be called after the image was used, or using it failed: reads the rest of the picture and throws if it is
  /// damaged. Returns a remark about something odd, or an empty string.
  [[nodiscard]] std::string finish();

 private:
  static JpegReader& of(j_common_ptr jpeg) { return *static_cast<JpegReader*>(jpeg->client_data); }
  static int generate(VipsRegion* out, void* sequence, void* a, void* b, gboolean* stop);

  template <typename Step>
  bool attempt(Step step);
  bool read_rows(VipsRegion* out);
  void note_warning();
  void look_for_holes();

  std::span<const std::byte> bytes_;
  std::function<bool()> stop_;
  jpeg_decompress_struct jpeg_{};
  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
  jmp_buf jump_{};
  JpegJudge judge_;
  std::string error_;  ///< The error that made libjpeg stop.
};

}  // namespace ringmaster::thumbnail
