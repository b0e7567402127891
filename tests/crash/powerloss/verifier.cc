#include "tests/crash/powerloss/verifier.h"

#include "core/pool/doctor.h"
#include "core/pool/pool.h"
#include "tests/crash/step_names.h"

namespace plasmite::crash {

// A recovery writes at most one recovery frame.
static constexpr uint64_t kSlackPerRecovery = 64;

DiskModel::Pick random_pick(Random& random) {
  return static_cast<DiskModel::Pick>(random.below(DiskModel::kPicks));
}

Verifier::Verifier(std::filesystem::path folder, const Oracle& oracle, PowerlossTotals& totals,
                   Random random)
    : folder_(std::move(folder)), oracle_(oracle), totals_(totals), random_(random) {
  for (uint64_t depth = 0; depth <= kMaxDepth; ++depth) models_.push_back(DiskModel::make());
}

bool Verifier::has_memory() const {
  for (const auto& model : models_)
    if (!model) return false;
  return true;
}

void Verifier::verify(const Image& image, uint64_t depth) {
  ++totals_.images;
  if (depth > 0) ++totals_.recovery_images;
  const auto path = folder_ / ("image-" + std::to_string(++files_));
  auto file = ModelledFile::create(path, *models_[depth], image.content);
  if (!file) {
    totals_.report(Broken::open_failures, image.where, file.error().message());
    return;
  }
  check_opened(*file, image, depth);
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
}

void Verifier::check_opened(ModelledFile& file, const Image& image, uint64_t depth) {
  std::vector<Image> inside;  // taken while this recovery ran
  file.on_step = [&](Step step) {
    if (depth == kMaxDepth || !random_.one_in(12)) return;
    const auto pick = random_pick(random_);
    Image nested{.content = {}, .snapshot = image.snapshot, .where = image.where};
    nested.where += " / recovery " + std::to_string(depth + 1) + " " +
                    std::string(step_name(step)) + " " + DiskModel::pick_name(pick);
    nested.recovery_slack = image.recovery_slack + kSlackPerRecovery;
    file.model().pick_image(pick, random_.one_in(3), random_, nested.content);
    inside.push_back(std::move(nested));
  };
  {
    const ActiveFile active(file);
    auto pool = Pool::open(file.path());
    file.on_step = nullptr;
    if (!pool) {
      totals_.report(Broken::open_failures, image.where, pool.error().message());
      return;
    }
    const ImageFacts facts{.where = image.where,
                           .recovery_slack = image.recovery_slack + kSlackPerRecovery,
                           .head = file.head() + image.snapshot->position_offset,
                           .clean = image.clean};
    ImageCheck check(oracle_, *image.snapshot, facts, totals_);
    if (check.check(*pool)) check.check_appending(*pool);
    if (random_.one_in(8)) {
      const auto report = examine_pool(file.path());
      if (!report || !report->healthy())
        totals_.report(
            Broken::torn, image.where,
            "doctor: " + (report ? report->issues.front().message : report.error().message()));
    }
  }
  for (const Image& nested : inside) verify(nested, depth + 1);
}

}  // namespace plasmite::crash
