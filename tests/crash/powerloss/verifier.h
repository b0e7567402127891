// Opens possible disk contents as a machine would after a power loss, and checks what it shows. The
// recovery may lose power, too: images taken inside it are checked the same way.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/crash/powerloss/disk_model.h"
#include "tests/crash/powerloss/failures.h"
#include "tests/crash/powerloss/image_check.h"
#include "tests/crash/powerloss/modelled_file.h"

namespace plasmite::crash {

struct Image {
  std::vector<std::byte> content;
  std::shared_ptr<const Snapshot> snapshot;
  std::string where;
  bool clean = false;
  uint64_t recovery_slack = 0;  // bytes that recoveries may have written before the image was taken
};

class Verifier {
 public:
  // `oracle` and `totals` must outlive the verifier.
  Verifier(std::filesystem::path folder, const Oracle& oracle, PowerlossTotals& totals,
           Random random);

  bool has_memory() const;
  void verify(const Image& image) { verify(image, 0); }

 private:
  static constexpr uint64_t kMaxDepth =
      3;  // power losses in a row, each inside the recovery from the last

  void verify(const Image& image, uint64_t depth);
  void check_opened(ModelledFile& file, const Image& image, uint64_t depth);

  std::filesystem::path folder_;
  const Oracle& oracle_;
  PowerlossTotals& totals_;
  Random random_;
  std::vector<std::unique_ptr<DiskModel, DiskModel::Deleter>> models_;
  uint64_t files_ = 0;
};

// A random way to put an image together.
DiskModel::Pick random_pick(Random& random);

}  // namespace plasmite::crash
