#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace ringmaster::thumbnail {

/// The data of the scan that begins at `bytes`: up to the first marker that is not a restart marker.
[[nodiscard]] std::span<const std::byte> scan_data(std::span<const std::byte> bytes);
/// The longest run of at least 64 zero bytes within a scan's data; a run at its end is padding and does not count.
[[nodiscard]] std::size_t longest_blank(std::span<const std::byte> scan);

/// Decides by the decoder's warnings whether a JPEG is damaged or only odd. Phones write odd ones, which any viewer
/// shows; a damaged one decodes too, but to rubbish. If it could be either, the result gets a remark.
class JpegJudge {
 public:
  /// `scan_bytes`: roughly how many bytes of picture data there are.
  explicit JpegJudge(std::size_t scan_bytes) : scan_bytes_(scan_bytes) {}

  /// Notes that no encoder can have written these data; the first reason counts.
  void damaged(const std::string& reason);
  /// Notes bytes of the picture's data that no row needed.
  void left_over(std::span<const std::byte> bytes);
  void no_end_marker() { no_end_ = true; }
  void odd_progression() { odd_progression_ = true; }
  void missing_scans() { missing_scans_ = true; }

  /// Empty: not damaged.
  [[nodiscard]] std::string damage() const;
  /// Empty: none.
  [[nodiscard]] std::string remark() const;

 private:
  std::size_t scan_bytes_;
  std::string damage_;
  std::size_t padding_ = 0;  ///< Unused bytes in pieces of a single value, as encoders fill up a block.
  std::size_t rest_ = 0;     ///< Other unused bytes.
  bool no_end_ = false;
  bool odd_progression_ = false;
  bool missing_scans_ = false;
};

}  // namespace ringmaster::thumbnail
