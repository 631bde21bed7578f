#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace ringmaster::thumbnail {

/// Where the data of a scan end that begin at `bytes`: at the first marker that is no restart.
[[nodiscard]] std::span<const std::byte> scan_data(std::span<const std::byte> bytes);
/// The longest run of zero bytes inside of a scan's data, of 64 and more; those at its very end are padding.
[[nodiscard]] std::size_t longest_blank(std::span<const std::byte> scan);

/// Tells the damaged JPEG from the odd one, by what its decoder stumbled over. Phones write odd ones that any viewer
/// shows; what is damaged decodes to rubbish all the same. Where it can be either, it is a remark.
class JpegJudge {
 public:
  /// `scan_bytes`: about how much picture data there are.
  explicit JpegJudge(std::size_t scan_bytes) : scan_bytes_(scan_bytes) {}

  /// The data cannot be what an encoder wrote; the first reason counts.
  void damaged(const std::string& reason);
  /// Bytes of the picture's data that no row needed.
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
  std::size_t padding_ = 0;  ///< Left over, each piece of one value only, as an encoder fills up a block.
  std::size_t rest_ = 0;     ///< Left over, other.
  bool no_end_ = false;
  bool odd_progression_ = false;
  bool missing_scans_ = false;
};

}  // namespace ringmaster::thumbnail
