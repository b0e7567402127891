// A pool with a bit of everything in it, known record by record, to be damaged and restored.
#pragma once

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <random>
#include <string>

#include "core/pool/pool.h"
#include "tests/support/raw_pool.h"
#include "tests/support/reading.h"
#include "tests/support/scratch.h"

namespace plasmite {

// PLASMITE_THOROUGH=1: all cases instead of a sample.
inline bool thorough() {
  const char* text = std::getenv("PLASMITE_THOROUGH");
  return text != nullptr && *text != '\0' && *text != '0';
}

// Printed, and taken from PLASMITE_SEED to replay.
inline uint64_t test_seed() {
  const char* text = std::getenv("PLASMITE_SEED");
  const uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device{}();
  std::cout << "PLASMITE_SEED=" << seed << std::endl;
  return seed;
}

class KnownPool {
 public:
  // Round the ring three times: batches, tags, three checkpoints, flushes in between and then some.
  explicit KnownPool(CreateOptions options) {
    must(Pool::create(path_, options));
    Pool pool = must(Pool::open(path_));
    for (uint64_t i = 0; i < 160; ++i) append(pool, i);
    must(pool.flush());
    for (uint64_t i = 160; i < 170; ++i) append(pool, i);
    retained_ = read_all(pool);
    for (const Checkpoint& checkpoint : must(pool.checkpoints()))
      checkpoints_[checkpoint.name] = checkpoint.value;
    image_ = read_bytes(path_);
  }

  const std::filesystem::path& path() const { return path_; }
  const std::filesystem::path& folder() const { return dir_.path(); }
  const std::string& image() const { return image_; }
  // Everything ever appended: record seq is at written()[seq - 1].
  const std::vector<ReadRecord>& written() const { return written_; }
  const std::vector<ReadRecord>& retained() const { return retained_; }
  const std::map<std::string, std::string>& checkpoints() const { return checkpoints_; }

  void restore(const RawPool& raw) const { std::memcpy(raw.base(), image_.data(), image_.size()); }
  void restore_file() const { write_bytes(path_, image_); }

  // What was written under this sequence, byte by byte.
  bool is_original(const ReadRecord& record) const {
    return record.seq >= 1 && record.seq <= written_.size() && written_[record.seq - 1] == record;
  }

 private:
  void append(Pool& pool, uint64_t i) {
    const TagBlock tags = must(TagBlock::encode({"t" + std::to_string(i), "shared"}));
    std::vector<std::string> bodies;
    for (uint64_t k = 0; k < 1 + i % 3; ++k)
      bodies.push_back(body_of(written_.size() + k + 1, 2 + (i * 97 + k * 31) % 500));
    std::vector<RecordView> records;
    for (const std::string& body : bodies)
      records.push_back({.body = body, .tags = i % 2 == 0 ? &tags : nullptr});
    const std::string name = "source-" + std::to_string(i % 3);
    const std::string value = "at " + std::to_string(i);
    std::optional<CheckpointView> checkpoint;
    if (i % 5 < 3) checkpoint = {name, value};
    const AppendReceipt receipt = must(pool.append_batch(records, {.checkpoint = checkpoint}));
    for (size_t k = 0; k < bodies.size(); ++k)
      written_.push_back({receipt.first_seq + k, receipt.time_ns,
                          std::string(records[k].tags ? tags.bytes() : std::string_view()),
                          bodies[k]});
  }

  const ScratchDir dir_ = ScratchDir::in_memory();
  const std::filesystem::path path_ = dir_ / "p";
  std::vector<ReadRecord> written_;
  std::vector<ReadRecord> retained_;
  std::map<std::string, std::string> checkpoints_;
  std::string image_;
};

}  // namespace plasmite
