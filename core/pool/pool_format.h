// The bytes of a pool file, format 4: spec/pool-format.md is the contract, this mirrors it, and
// tests/unit/core/pool/golden_bytes_test.cc ties the two together. Layout only; no behaviour.
//
//   0x0000  superblock        never rewritten; second copy in the last page of the file
//   0x1000  live page         trusted within one boot on one inode (`tag`), never after a power loss
//   0x2000  wait page         futex words; the only page readers write
//   0x3000  anchor A, anchor B   what is trusted after a power loss
//           checkpoint table  two copies per slot
//           index             ring position of the first record of every 32 sequences
//           ring              frames; a position p stands at byte p % ring_size
//
// All integers little-endian, all words naturally aligned.
//
// One append, step by step. "pairs with" names the function whose acquire load sees the store.
// | step (core/base/probe.h) | word             | order   | publishes, pairs with          | if the writer dies right after it           |
// | locked                   | flock            | kernel  | -                              | nothing happened; kernel frees the lock     |
// | writing_set              | live.writing     | release | repair duty, WriterLock        | next holder wakes everybody and scrubs      |
// | attempt_time_stored      | attempt_time     | relaxed | - (lock orders holders)        | that time is never given out again          |
// | tail_retired             | tail             | release | space, Cursor::next (re-check) | those records are gone, as they were to be  |
// | frames_written           | ring words       | release | tail before bytes, Cursor      | garbage beyond head; scrubbed at head       |
// | index_written            | index slots      | release | seek                           | slots beyond head are ignored               |
// | checkpoint_written       | unselected copy  | release | read_checkpoint                | garbage in a copy nobody selects            |
// | commit_written           | other commit rec | release | read_commit                    | a record that names no head                 |
// | published                | head             | release | everything above, Cursor::next | visible, sleepers not told: repair wakes    |
// | woken                    | event            | acq_rel | head, Cursor::wait             | complete; repair finds nothing to do        |
// | writing_cleared          | live.writing     | release | WriterLock                     | complete                                    |
// | unlocked                 | flock            | kernel  | -                              | complete                                    |
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace plasmite {

static_assert(std::endian::native == std::endian::little, "format 4 is little-endian in place");

inline constexpr char kPoolMagic[4] = {'P', 'L', 'S', 'M'};
inline constexpr uint32_t kFormat3 = 3;
inline constexpr uint32_t kFormat4 = 4;

inline constexpr uint64_t kPageBytes = 4096;
inline constexpr uint64_t kSuperblockOffset = 0x0000;
inline constexpr uint64_t kLivePageOffset = 0x1000;
inline constexpr uint64_t kWaitPageOffset = 0x2000;
inline constexpr uint64_t kAnchorsOffset = 0x3000;

inline constexpr uint32_t kIndexStride = 32;  // sequences per index slot
inline constexpr uint64_t kMinFrameBytes = 40;  // header and the shortest body, padded
inline constexpr uint32_t kMinCheckpointSlots = 4;
inline constexpr uint32_t kMaxCheckpointSlots = 32;

// Positions, sequences and limits above the first are damage, and nothing is written above half of it
// (an exabyte), so that sums never overflow. Times above the second, which fit an int64_t, are damage too.
inline constexpr uint64_t kMaxCount = 1ull << 62;
inline constexpr uint64_t kMaxTime = (1ull << 63) - (1ull << 40);

inline constexpr uint64_t kDefaultSyncWindow = 256ull << 20;  // bytes between anchors
inline constexpr uint64_t kDefaultSeqWindow = 1ull << 22;     // sequences between anchors

// One page. `crc` covers the bytes before it; unknown incompatible flags refuse opening, unknown
// compatible flags do not.
struct Superblock {
  char magic[4];
  uint32_t version;
  uint32_t header_bytes;  // of this struct: 4096
  uint32_t reserved0;
  uint64_t compatible_flags;
  uint64_t incompatible_flags;
  uint8_t pool_id[16];
  uint64_t file_size;
  uint64_t anchor_bytes;  // of one copy
  uint64_t checkpoint_offset;
  uint32_t checkpoint_slots;
  uint32_t index_stride;
  uint64_t index_offset;
  uint64_t index_slots;
  uint64_t ring_offset;
  uint64_t ring_size;
  uint64_t sync_window;
  uint64_t seq_window;
  uint64_t created_ns;
  uint8_t reserved1[4096 - 140];
  uint32_t crc;  // crc32c
};
static_assert(offsetof(Superblock, version) == 4);
static_assert(offsetof(Superblock, pool_id) == 32);
static_assert(offsetof(Superblock, file_size) == 48);
static_assert(offsetof(Superblock, index_offset) == 80);
static_assert(offsetof(Superblock, created_ns) == 128);
static_assert(offsetof(Superblock, reserved1) == 136);
static_assert(offsetof(Superblock, crc) == 4092);
static_assert(sizeof(Superblock) == kPageBytes);

// What a publish established; the current one of two is the one whose head == live.head.
struct CommitRecord {
  uint64_t head;
  uint64_t next_seq;
  uint64_t last_time;    // of the newest batch
  uint64_t sel_and_crc;  // u32 checkpoint selection, u32 checksum (commit_record.h)
};

// Each group on its own cache line. Written by the holder of the lock named; read by everybody.
struct LivePage {
  alignas(64) uint64_t tag;      // opener, last: hash(boot, device, inode, birth); 0 = not initialised
  alignas(64) uint64_t deleted;  // writer lock: 1 = the pool was removed or replaced, 2 = kMayBeReplaced
  alignas(64) uint64_t writing;  // writer lock: 1 = an append is under way, or its writer died
  uint64_t writer_pid;           // writer lock: for messages only
  alignas(64) uint64_t anchor_copy;  // flush lock: 0 or 1, the copy known to be durable
  uint64_t anchor_gen;               // flush lock
  uint64_t anchor_head;              // flush lock: head of that copy
  uint64_t flushed_head;             // flush lock: everything before it is on disk
  uint64_t io_error;                 // flush lock: errno of a failed sync, sticky
  alignas(64) uint64_t pos_limit;    // flush lock, after the sync: head never exceeds it
  uint64_t seq_limit;                // flush lock, after the sync: next_seq never exceeds it
  alignas(64) uint64_t head;  // writer lock: the commit word
  alignas(64) uint64_t tail;  // writer lock
  alignas(64) CommitRecord commit[2];  // writer lock
  alignas(64) uint64_t attempt_time;   // writer lock: newest time given out, also by attempts that died
  uint64_t repairs;                    // writer lock: counts deaths inside an append
  uint64_t anchors;                    // flush lock: counts anchors written
};
static_assert(offsetof(LivePage, deleted) == 0x40);
static_assert(offsetof(LivePage, writing) == 0x80);
static_assert(offsetof(LivePage, anchor_copy) == 0xC0);
static_assert(offsetof(LivePage, pos_limit) == 0x100);
static_assert(offsetof(LivePage, head) == 0x140);
static_assert(offsetof(LivePage, tail) == 0x180);
static_assert(offsetof(LivePage, commit) == 0x1C0);
static_assert(offsetof(LivePage, attempt_time) == 0x200);
static_assert(sizeof(LivePage) <= kPageBytes);

// LivePage::deleted while resizing puts another file under this one's name. Who finds it looks whether the
// name still leads here; the next holder of the writer lock takes it back if the resizer died before.
inline constexpr uint64_t kMayBeReplaced = 2;

struct WaitPage {
  alignas(64) uint32_t event;        // bumped by every publish; followers sleep here
  alignas(64) uint32_t writer_lock;  // bumped by unlocking; writers that wait sleep here
  alignas(64) uint32_t flush_lock;   // the same for the flush lock
};
static_assert(offsetof(WaitPage, writer_lock) == 64);
static_assert(offsetof(WaitPage, flush_lock) == 128);

inline constexpr size_t kCheckpointNameBytes = 64;
inline constexpr size_t kCheckpointValueBytes = 384;

// One copy of one slot, in the table and inside the anchors. An unused slot has name_len == 0.
struct CheckpointSlot {
  uint64_t head;  // head of the publish that set it
  uint16_t name_len;
  uint16_t value_len;
  uint32_t reserved0;
  char name[kCheckpointNameBytes];
  char value[kCheckpointValueBytes];
  uint8_t reserved1[40];
  uint64_t crc;  // crc32c of the bytes before it
};
static_assert(offsetof(CheckpointSlot, name) == 16);
static_assert(offsetof(CheckpointSlot, value) == 80);
static_assert(offsetof(CheckpointSlot, crc) == 504);
static_assert(sizeof(CheckpointSlot) == 512);

// Followed by checkpoint_slots CheckpointSlots. `crc` covers pool id, all words before it, all slots.
struct AnchorHeader {
  uint64_t gen;  // the valid copy with the higher gen counts
  uint64_t tail;
  uint64_t head;
  uint64_t next_seq;
  uint64_t last_time;
  uint64_t pos_limit;
  uint64_t seq_limit;
  uint64_t flags;  // 0
  uint8_t reserved[440];
  uint64_t crc;
};
static_assert(sizeof(AnchorHeader) == 512);

// Frame = header, body (tag block if any, then the text), zeros up to a multiple of 8.
struct FrameHeader {
  uint32_t magic;     // bytes: flags, 0xFF, 'L', 'P'; 0xFF never occurs in UTF-8, so no text imitates it
  uint32_t body_len;  // without the padding
  uint64_t seq;       // control frames: the next record's
  uint64_t time;      // one value per batch
  uint32_t lap;       // position / ring_size, low 32 bits: salvage finds the position with it
  uint32_t crc;       // over pool id, crc of the padded body, the three words above, the position
};
static_assert(sizeof(FrameHeader) == 32);

inline constexpr uint32_t kFrameMagic = 0x504CFF00;  // without flags
inline constexpr uint32_t kFrameMagicMask = 0xFFFFFF00;
inline constexpr uint8_t kFrameEnd = 1;         // last frame of its batch
inline constexpr uint8_t kFrameCheckpoint = 2;  // control: body is a CheckpointBody
inline constexpr uint8_t kFrameBegin = 4;       // first frame of its batch
inline constexpr uint8_t kFrameTags = 8;        // body starts with a tag block
inline constexpr uint8_t kFrameRecovery = 16;   // control: body is a RecoveryBody
inline constexpr uint8_t kFrameControl = kFrameCheckpoint | kFrameRecovery;
inline constexpr uint8_t kFrameKnownFlags = 31;

// Body of a checkpoint frame: this, then the name, then the value.
struct CheckpointBody {
  uint16_t slot;
  uint16_t name_len;
  uint16_t value_len;
  uint16_t reserved;
};
static_assert(sizeof(CheckpointBody) == 8);

// Body of a recovery frame: sequences found_next .. next_seq - 1 were never given out, or lost.
struct RecoveryBody {
  uint64_t found_next;
  uint64_t next_seq;
};
static_assert(sizeof(RecoveryBody) == 16);

constexpr uint64_t align8(uint64_t bytes) { return (bytes + 7) & ~uint64_t{7}; }
constexpr uint64_t frame_bytes(uint64_t body_len) { return sizeof(FrameHeader) + align8(body_len); }

}  // namespace plasmite
