// The parent's knowledge of one pool: every acknowledged record that may still be retained, what
// the source committed, and the check of the whole pool against that after each kill.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/pool/pool.h"
#include "tests/crash/participants.h"

namespace plasmite::crash {

class PoolWatch {
 public:
  // `shared` must outlive the watch.
  PoolWatch(int number, PoolSetup setup, SharedState& shared)
      : number_(number), setup_(std::move(setup)), shared_(shared) {}

  // Creates the pool and opens it for verification.
  Result<void> create();

  void acknowledged(int writer, const Acknowledgement& acknowledgement);

  // Reads everything retained and compares. `source_is_dead`: nobody moves the checkpoint
  // meanwhile, so it must name the source's last record exactly.
  void verify(bool source_is_dead);

  // The doctor must find nothing wrong either.
  void examine();

  const PoolSetup& setup() const { return setup_; }
  int number() const { return number_; }
  uint64_t next_seq() const;
  uint64_t records_acknowledged() const { return records_acknowledged_; }
  uint64_t wraps() const { return ring_size_ == 0 ? 0 : bytes_acknowledged_ / ring_size_; }
  void remove();

 private:
  struct Kept {
    uint64_t seq = 0;
    uint64_t number = 0;
    uint32_t run = 0;
    uint32_t writer = 0;
  };
  static constexpr size_t kKept = 1u << 16;  // more than any of the pools retains

  void verify_last_acknowledged();
  void verify_source(uint64_t committed, uint64_t last_seen);

  int number_;
  PoolSetup setup_;
  SharedState& shared_;
  std::optional<Pool> pool_;
  uint64_t ring_size_ = 0;
  std::vector<Kept> kept_ = std::vector<Kept>(kKept);
  uint64_t newest_acknowledged_ = 0;
  uint64_t source_acknowledged_ = 0;
  uint64_t records_acknowledged_ = 0;
  uint64_t bytes_acknowledged_ = 0;
};

}  // namespace plasmite::crash
