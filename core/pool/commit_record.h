// Commit records: what a publish established, with a checksum of its own. Without it one wrong bit in
// `next_seq` would hand out sequences a second time.
#pragma once

#include <cstdint>

#include "core/base/crc32c.h"
#include "core/base/shared_word.h"
#include "core/pool/pool_format.h"

namespace plasmite {

// A commit record with its words read consistently.
struct CommitView {
  uint64_t head = 0;
  uint64_t next_seq = 1;
  uint64_t last_time = 0;
  uint32_t checkpoint_sel = 0;  // bit per slot: which copy in the checkpoint table is current
};

inline uint32_t commit_crc(uint32_t pool_id_crc, const CommitView& commit) {
  const uint64_t words[4] = {commit.head, commit.next_seq, commit.last_time, commit.checkpoint_sel};
  return crc32c_words(pool_id_crc, words, 4);
}

inline CommitRecord make_commit_record(uint32_t pool_id_crc, const CommitView& commit) {
  return {.head = commit.head,
          .next_seq = commit.next_seq,
          .last_time = commit.last_time,
          .sel_and_crc = commit.checkpoint_sel | uint64_t{commit_crc(pool_id_crc, commit)} << 32};
}

struct LoadedCommit {
  CommitView view;
  bool intact;
};

// Consistent only if the pool's head still is the record's head afterwards.
inline LoadedCommit load_commit_record(uint32_t pool_id_crc, const CommitRecord& record) {
  const CommitView view{load_acquire(record.head), load_acquire(record.next_seq),
                        load_acquire(record.last_time),
                        static_cast<uint32_t>(load_acquire(record.sel_and_crc))};
  const uint64_t crc = load_acquire(record.sel_and_crc) >> 32;
  return {view, crc == commit_crc(pool_id_crc, view) && view.next_seq > 0 &&
                    view.next_seq <= kMaxCount && view.last_time <= kMaxTime};
}

}  // namespace plasmite
