// What a disk may hold after a power loss: for each 512-byte sector of one file every value it had
// since the last sync that covered it. Lives in shared memory, so that a forked process which dies
// in the middle of an append leaves its part of the history.
//
// Sectors are sampled at probe points. What a sector was between two samples is covered by images
// that take the first words of the newer and the rest of the older value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tests/crash/random.h"

namespace plasmite::crash {

inline constexpr size_t kSectorBytes = 512;
inline constexpr size_t kMaxSectors = 1024;  // files up to 512 KiB
inline constexpr size_t kMaxVersions =
    20;  // per sector; beyond that some in the middle are forgotten

// Where the parts of the file begin whose write-back images treat alike.
struct FileParts {
  size_t anchors = 0;
  size_t tables = 0;  // checkpoint table and index
  size_t ring = 0;
};

class DiskModel {
 public:
  // In shared memory; null when there is none.
  struct Deleter {
    void operator()(DiskModel* model) const;
  };
  static std::unique_ptr<DiskModel, Deleter> make();

  // From now on `file` is modelled, a shared mapping that outlives its use here. On disk is
  // `durable`, or what the file holds if that is empty.
  void attach(const std::byte* file, size_t size, const FileParts& parts,
              std::span<const std::byte> durable = {});

  // A sector that differs from its newest value has a new one.
  void sample();

  // A sync of bytes [offset, offset + length): what was there when it began is on disk when it
  // ended. Syncs nest (another process repairs while this one flushes): sync_ended() ends the last
  // that began.
  void sync_began();
  void sync_ended(size_t offset, size_t length);

  enum class Pick : uint8_t {
    any,            // each sector any of its values
    oldest,         // nothing was written back
    newest,         // everything was
    live_page_new,  // only the header pages were
    anchors_new,    // only the anchors were
    ring_new,       // only the ring was
    moment,         // everything as it was at one moment
    moments,        // each part of the file as it was at a moment of its own
    mostly_newest,  // a few sectors are older
    mostly_oldest,  // a few sectors are newer
    torn_ring,      // the ring up to a random sector from one moment, behind it from another
  };
  static constexpr uint64_t kPicks = 11;
  static const char* pick_name(Pick pick);

  // A possible content of the disk. `mix_words`: sectors may hold words of two successive values.
  void pick_image(Pick pick, bool mix_words, Random& random, std::vector<std::byte>& image) const;

  // Everything is written back (as after an orderly shutdown).
  bool is_clean() const;
  size_t size() const { return sectors_ * kSectorBytes; }

 private:
  struct Version {
    uint64_t sample;
    std::array<std::byte, kSectorBytes> bytes;
  };
  struct Sector {
    uint32_t count;
    std::array<Version, kMaxVersions> versions;
  };

  void add_version(Sector& sector, const std::byte* bytes);
  bool is_syncing(const Sector& sector, uint32_t version) const;
  uint32_t version_at(const Sector& sector, uint64_t sample) const;
  uint64_t any_moment(Random& random) const;
  std::array<uint64_t, 4> part_moments(Pick pick, Random& random) const;
  uint32_t pick_version(Pick pick, const Sector& sector, uint64_t moment, Random& random) const;

  const std::byte* file_ = nullptr;
  size_t sectors_ = 0;
  FileParts parts_;
  uint64_t samples_ = 0;
  uint64_t oldest_sample_ = 0;  // nothing older than the last sync makes a difference
  static constexpr size_t kMaxSyncs = 4;
  std::array<uint64_t, kMaxSyncs> syncs_{};  // samples at which those under way began
  size_t sync_count_ = 0;
  std::array<Sector, kMaxSectors> table_;
};

}  // namespace plasmite::crash
