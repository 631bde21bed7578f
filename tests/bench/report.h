#pragma once

#include <map>
#include <string>
#include <vector>

namespace ringmaster::bench {

/// Everything measured, by the names that README.md explains: a list of samples per name, one per block.
class Report {
 public:
  void add(const std::string& name, double value) { samples_[name].push_back(value); }
  [[nodiscard]] bool has(const std::string& name) const { return samples_.contains(name); }
  /// The median over the blocks. REQUIRES: has(name).
  [[nodiscard]] double value(const std::string& name) const;
  /// The least over the blocks, for what is said of a quiet block. REQUIRES: has(name).
  [[nodiscard]] double best(const std::string& name) const;

  /// The table of the design's figures, each beside its floor or peer and what it must be; with `all` also the rows
  /// that were not measured.
  [[nodiscard]] std::string table(bool all) const;
  /// One JSON object; what could not be measured is null. The figures of PDFs follow at its end, where there are any.
  [[nodiscard]] std::string json() const;

 private:
  std::map<std::string, std::vector<double>> samples_;
};

/// As the tables show it.
[[nodiscard]] std::string number(double value);

/// CPU, kernel, compiler and number of usable CPUs, in one line.
[[nodiscard]] std::string machine();

}  // namespace ringmaster::bench
