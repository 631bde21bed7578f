#include "worker/handlers/thumbnail/jpeg_reader.h"

// After jpeglib.h: the numbers of its messages.
#include <jerror.h>

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

namespace ringmaster::thumbnail {
namespace {

// Rows come in groups of eight blocks' lines; libvips asks for as many at a time.
constexpr int kRowsAtATime = 8;
// Each scan of a progressive picture costs a pass over all of it and may be a few bytes; no encoder writes so many.
constexpr int kMaxScans = 200;

std::uint64_t blocks(JDIMENSION in_component, int sampling) {
  const auto step = static_cast<JDIMENSION>(sampling);
  return std::uint64_t{(in_component + step - 1) / step} * step;
}

}  // namespace

// Runs calls of libjpeg, which leaves them by longjmp on an error: no object with a destructor may live in `step`.
// False: error_ says why.
template <typename Step>
__attribute__((noinline)) bool JpegReader::attempt(Step step) {
  if (!error_.empty()) return false;
  if (setjmp(jump_) != 0) {
    char text[JMSG_LENGTH_MAX] = {};
    if (error_.empty()) {
      errors_.format_message(reinterpret_cast<j_common_ptr>(&jpeg_), text);
      error_ = text;
    }
    return false;
  }
  step();
  return true;
}

JpegReader::JpegReader(std::span<const std::byte> bytes, std::function<bool()> stop)
    : bytes_(bytes), stop_(std::move(stop)), judge_(bytes.size()) {
  jpeg_.err = ::jpeg_std_error(&errors_);
  errors_.error_exit = [](j_common_ptr jpeg) { longjmp(of(jpeg).jump_, 1); };
  errors_.output_message = [](j_common_ptr) {};
  errors_.emit_message = [](j_common_ptr jpeg, int level) {
    if (level < 0) of(jpeg).note_warning();
  };
  jpeg_.client_data = this;
  const bool read = attempt([this] {
    ::jpeg_create_decompress(&jpeg_);
    jpeg_.client_data = this;
    ::jpeg_mem_src(&jpeg_, reinterpret_cast<const unsigned char*>(bytes_.data()), bytes_.size());
    ::jpeg_read_header(&jpeg_, TRUE);
  });
  if (!read) {
    ::jpeg_destroy_decompress(&jpeg_);
    throw std::runtime_error("cannot read the JPEG's header: " + error_);
  }
  look_for_holes();
  progress_.progress_monitor = [](j_common_ptr jpeg) {
    JpegReader& self = of(jpeg);
    if (self.jpeg_.input_scan_number > kMaxScans) {
      self.error_ = "it has more than " + std::to_string(kMaxScans) + " scans";
    } else if (self.stop_()) {
      self.error_ = "stopped on request";
    } else {
      return;
    }
    longjmp(self.jump_, 1);
  };
  jpeg_.progress = &progress_;
}

// Zeros in place of lost data may decode to about as many blocks as were lost, and no warning tells of it. Where a zero
// bit is not part of an "end of block" code, it stands for a coefficient: no picture has whole blocks of these.
void JpegReader::look_for_holes() {
  if (::jpeg_has_multiple_scans(&jpeg_) != 0 || jpeg_.arith_code != FALSE) return;
  bool impossible = false;
  for (int i = 0; i < jpeg_.num_components; ++i) {
    const int number = jpeg_.comp_info[i].ac_tbl_no;
    if (number < 0 || number >= NUM_HUFF_TBLS || jpeg_.ac_huff_tbl_ptrs[number] == nullptr) return;
    impossible = impossible || jpeg_.ac_huff_tbl_ptrs[number]->huffval[0] != 0;
  }
  const auto scan = scan_data(bytes_.last(std::min(bytes_.size(), jpeg_.src->bytes_in_buffer)));
  const std::size_t blank = impossible ? longest_blank(scan) : 0;
  if (blank != 0) judge_.damaged(std::to_string(blank) + " bytes in the middle of its data are blank");
}

JpegReader::~JpegReader() { ::jpeg_destroy_decompress(&jpeg_); }

DecodingCost JpegReader::cost() const {
  DecodingCost cost{Format::Jpeg, {static_cast<int>(jpeg_.image_width), static_cast<int>(jpeg_.image_height)}, 0};
  if (::jpeg_has_multiple_scans(const_cast<jpeg_decompress_struct*>(&jpeg_)) == 0) return cost;
  for (int i = 0; i < jpeg_.num_components; ++i) {
    const jpeg_component_info& one = jpeg_.comp_info[i];
    cost.held_bytes += blocks(one.width_in_blocks, one.h_samp_factor) *
                       blocks(one.height_in_blocks, one.v_samp_factor) * sizeof(JBLOCK);
  }
  return cost;
}

Image JpegReader::open(int shrink) {
  const bool started = attempt([this, shrink] {
    jpeg_.scale_num = 1;
    jpeg_.scale_denom = static_cast<unsigned>(shrink);
    ::jpeg_start_decompress(&jpeg_);
  });
  if (!started) throw std::runtime_error("cannot decode the JPEG: " + error_);
  const int bands = jpeg_.output_components;
  const bool known =
      jpeg_.out_color_space == JCS_GRAYSCALE || jpeg_.out_color_space == JCS_RGB || jpeg_.out_color_space == JCS_CMYK;
  if (!known || (bands != 1 && bands != 3 && bands != 4)) {
    throw std::runtime_error("the JPEG has " + std::to_string(bands) + " components, which are no known colours");
  }
  const Image rows(vips_image_new());
  vips_image_init_fields(rows.get(), static_cast<int>(jpeg_.output_width), static_cast<int>(jpeg_.output_height), bands,
                         VIPS_FORMAT_UCHAR, VIPS_CODING_NONE,
                         bands == 1   ? VIPS_INTERPRETATION_B_W
                         : bands == 3 ? VIPS_INTERPRETATION_sRGB
                                      : VIPS_INTERPRETATION_CMYK,
                         1.0, 1.0);
  vips_image_set_int(rows.get(), VIPS_META_SEQUENTIAL, 1);  // The scaler keeps the rows that it needs twice.
  VipsImage* in_order = nullptr;
  if (vips_image_pipelinev(rows.get(), VIPS_DEMAND_STYLE_FATSTRIP, nullptr) != 0 ||
      vips_image_generate(rows.get(), nullptr, generate, nullptr, this, nullptr) != 0 ||
      vips_sequential(rows.get(), &in_order, "tile_height", kRowsAtATime, nullptr) != 0) {
    fail("cannot decode the JPEG");
  }
  const Image owner(in_order);
  // libjpeg rounds up, and invents pixels for the last row and column: cut them off.
  const int width = std::max(1, static_cast<int>(jpeg_.image_width) / shrink);
  const int height = std::max(1, static_cast<int>(jpeg_.image_height) / shrink);
  VipsImage* whole = nullptr;
  if (vips_extract_area(in_order, &whole, 0, 0, width, height, nullptr) != 0) fail("cannot decode the JPEG");
  return Image(whole);
}

int JpegReader::generate(VipsRegion* out, void* /*sequence*/, void* a, void* /*b*/, gboolean* /*stop*/) {
  return static_cast<JpegReader*>(a)->read_rows(out) ? 0 : -1;
}

bool JpegReader::read_rows(VipsRegion* out) {
  const VipsRect& rows = out->valid;
  if (rows.top != static_cast<int>(jpeg_.output_scanline)) {
    vips_error("thumbnail", "rows of the JPEG were asked for out of order");
    return false;
  }
  const bool read = attempt([this, out, &rows] {
    for (int y = 0; y < rows.height; ++y) {
      JSAMPROW row = VIPS_REGION_ADDR(out, 0, rows.top + y);
      ::jpeg_read_scanlines(&jpeg_, &row, 1);
      if (jpeg_.out_color_space == JCS_CMYK) {  // Stored inverted, by all who write them.
        std::transform(row, row + std::size_t{jpeg_.output_width} * 4, row,
                       [](JSAMPLE one) { return static_cast<JSAMPLE>(255 - one); });
      }
    }
  });
  // The next rows would be rubbish; finish() gives the reason.
  return read && judge_.damage().empty();
}

void JpegReader::note_warning() {
  switch (errors_.msg_code) {
    case JWRN_HIT_MARKER:
      return judge_.damaged("its data end too early");
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
      return judge_.damaged("its data hold codes that do not exist");
    case JWRN_MUST_RESYNC:
      return judge_.damaged("its restart markers are out of order");
    case JWRN_JPEG_EOF:
      return judge_.no_end_marker();
    case JWRN_BOGUS_PROGRESSION:
      return judge_.odd_progression();
    case JWRN_EXTRANEOUS_DATA: {
      // Harmless between the parts of the header.
      if (jpeg_.input_scan_number == 0) return;
      const auto at = bytes_.size() - std::min(bytes_.size(), jpeg_.src->bytes_in_buffer);
      const auto count = std::min(at, static_cast<std::size_t>(std::max(0, errors_.msg_parm.i[0])));
      return judge_.left_over(bytes_.subspan(at - count, count));
    }
    default:  // Odd fields of the header.
      return;
  }
}

std::string JpegReader::finish() {
  std::vector<JSAMPLE> row(std::size_t{jpeg_.output_width} * static_cast<std::size_t>(jpeg_.output_components));
  JSAMPLE* place = row.data();
  // Reads the cropped rows too: whether the rows were right shows only after the last one.
  if (judge_.damage().empty()) {
    (void)attempt([this, place] {
      JSAMPLE* one = place;
      while (jpeg_.output_scanline < jpeg_.output_height && judge_.damage().empty() && !stop_()) {
        ::jpeg_read_scanlines(&jpeg_, &one, 1);
      }
      if (jpeg_.output_scanline < jpeg_.output_height) return;
      for (int i = 0; jpeg_.coef_bits != nullptr && i < jpeg_.num_components; ++i) {
        const int(&bits)[DCTSIZE2] = jpeg_.coef_bits[i];
        if (std::any_of(bits, bits + DCTSIZE2, [](int one_bit) { return one_bit != 0; })) judge_.missing_scans();
      }
      ::jpeg_finish_decompress(&jpeg_);
    });
  }
  const std::string damage = judge_.damage().empty() ? error_ : judge_.damage();
  if (!damage.empty()) throw std::runtime_error("the JPEG is damaged: " + damage);
  return judge_.remark();
}

}  // namespace ringmaster::thumbnail
