#include "tests/crash/powerloss/disk_model.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace plasmite::crash {

std::unique_ptr<DiskModel, DiskModel::Deleter> DiskModel::make() {
  void* memory = ::mmap(nullptr, sizeof(DiskModel), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  return std::unique_ptr<DiskModel, Deleter>(::new (memory) DiskModel);
}

void DiskModel::Deleter::operator()(DiskModel* model) const {
  ::munmap(static_cast<void*>(model), sizeof(DiskModel));
}

const char* DiskModel::pick_name(Pick pick) {
  static constexpr const char* kNames[kPicks] = {
      "any",    "oldest",  "newest",        "live_page_new", "anchors_new", "ring_new",
      "moment", "moments", "mostly_newest", "mostly_oldest", "torn_ring"};
  return kNames[static_cast<int>(pick)];
}

void DiskModel::attach(const std::byte* file, size_t size, const FileParts& parts,
                       std::span<const std::byte> durable) {
  file_ = file;
  sectors_ = std::min(size / kSectorBytes, kMaxSectors);
  parts_ = parts;
  samples_ = oldest_sample_ = 1;
  sync_count_ = 0;
  for (size_t i = 0; i < sectors_; ++i) {
    Sector& sector = table_[i];
    sector.count = 1;
    sector.versions[0].sample = samples_;
    const std::byte* on_disk = durable.size() >= size ? durable.data() : file_;
    std::memcpy(sector.versions[0].bytes.data(), on_disk + i * kSectorBytes, kSectorBytes);
  }
  sample();
}

void DiskModel::sample() {
  if (!file_) return;
  ++samples_;
  for (size_t i = 0; i < sectors_; ++i) {
    const std::byte* now = file_ + i * kSectorBytes;
    Sector& sector = table_[i];
    if (std::memcmp(sector.versions[sector.count - 1].bytes.data(), now, kSectorBytes) != 0)
      add_version(sector, now);
  }
}

void DiskModel::add_version(Sector& sector, const std::byte* bytes) {
  if (sector.count == kMaxVersions) {
    // The first may be the only one on disk, and what a running sync counts on must stay.
    uint32_t forget = 1 + static_cast<uint32_t>(samples_ * 7 % (kMaxVersions - 2));
    while (is_syncing(sector, forget)) forget = 1 + static_cast<uint32_t>(forget % (kMaxVersions - 2));
    std::move(sector.versions.begin() + forget + 1, sector.versions.end(),
              sector.versions.begin() + forget);
    --sector.count;
  }
  Version& version = sector.versions[sector.count++];
  version.sample = samples_;
  std::memcpy(version.bytes.data(), bytes, kSectorBytes);
}

bool DiskModel::is_syncing(const Sector& sector, uint32_t version) const {
  return std::any_of(syncs_.begin(), syncs_.begin() + sync_count_,
                     [&](uint64_t began) { return version_at(sector, began) == version; });
}

void DiskModel::sync_began() {
  if (!file_ || sync_count_ == kMaxSyncs) return;
  sample();
  syncs_[sync_count_++] = samples_;
}

void DiskModel::sync_ended(size_t offset, size_t length) {
  if (!file_ || sync_count_ == 0) return;
  sample();
  const uint64_t began = syncs_[--sync_count_];
  const size_t end = length > size() - std::min(offset, size()) ? size() : offset + length;
  // Whole sectors only: what shares a sector with synced bytes is synced with them.
  for (size_t i = offset / kSectorBytes; i * kSectorBytes < end; ++i) {
    Sector& sector = table_[i];
    const uint32_t synced = version_at(sector, began);
    std::move(sector.versions.begin() + synced, sector.versions.begin() + sector.count,
              sector.versions.begin());
    sector.count -= synced;
  }
  if (offset == 0 && end == size()) oldest_sample_ = std::max(oldest_sample_, began);
}

uint32_t DiskModel::version_at(const Sector& sector, uint64_t sample) const {
  uint32_t version = sector.count - 1;
  while (version > 0 && sector.versions[version].sample > sample) --version;
  return version;
}

uint64_t DiskModel::any_moment(Random& random) const {
  return random.between(oldest_sample_, samples_);
}

// Live and wait page, anchors, tables, ring.
std::array<uint64_t, 4> DiskModel::part_moments(Pick pick, Random& random) const {
  constexpr uint64_t kOld = 0;
  switch (pick) {
    case Pick::live_page_new:
      return {samples_, kOld, kOld, kOld};
    case Pick::anchors_new:
      return {kOld, samples_, kOld, kOld};
    case Pick::ring_new:
      return {kOld, kOld, kOld, samples_};
    case Pick::moment: {
      const uint64_t moment = any_moment(random);
      return {moment, moment, moment, moment};
    }
    default:
      return {any_moment(random), any_moment(random), any_moment(random), any_moment(random)};
  }
}

uint32_t DiskModel::pick_version(Pick pick, const Sector& sector, uint64_t moment,
                                 Random& random) const {
  const uint32_t newest = sector.count - 1;
  switch (pick) {
    case Pick::any:
      return static_cast<uint32_t>(random.below(sector.count));
    case Pick::oldest:
      return 0;
    case Pick::newest:
      return newest;
    case Pick::mostly_newest:
      return random.one_in(8) ? static_cast<uint32_t>(random.below(sector.count)) : newest;
    case Pick::mostly_oldest:
      return random.one_in(8) ? static_cast<uint32_t>(random.below(sector.count)) : 0;
    default:
      return version_at(sector, moment);
  }
}

void DiskModel::pick_image(Pick pick, bool mix_words, Random& random,
                           std::vector<std::byte>& image) const {
  image.resize(size());
  const auto moments = part_moments(pick, random);
  const uint64_t behind = any_moment(random);
  const size_t torn_at = random.between(parts_.ring, size());
  for (size_t i = 0; i < sectors_; ++i) {
    const Sector& sector = table_[i];
    const size_t offset = i * kSectorBytes;
    std::byte* to = image.data() + offset;
    if (sector.count == 1) {
      std::memcpy(to, sector.versions[0].bytes.data(), kSectorBytes);
      continue;
    }
    const size_t part = offset >= parts_.ring      ? 3
                        : offset >= parts_.tables  ? 2
                        : offset >= parts_.anchors ? 1
                                                   : 0;
    const bool is_behind = pick == Pick::torn_ring && offset >= torn_at;
    const uint32_t version = pick_version(pick, sector, is_behind ? behind : moments[part], random);
    std::memcpy(to, sector.versions[version].bytes.data(), kSectorBytes);
    if (!mix_words || version + 1 >= sector.count || !random.one_in(4)) continue;
    const size_t words = random.below(kSectorBytes / 8);
    std::memcpy(to, sector.versions[version + 1].bytes.data(), words * 8);
  }
}

bool DiskModel::is_clean() const {
  return std::all_of(table_.begin(), table_.begin() + sectors_,
                     [](const Sector& sector) { return sector.count == 1; });
}

}  // namespace plasmite::crash
