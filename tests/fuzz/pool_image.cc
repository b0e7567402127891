#include "tests/fuzz/pool_image.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/unique_fd.h"
#include "core/pool/checkpoint_table.h"
#include "core/pool/pool_open.h"
#include "core/pool/pool_sync.h"

namespace plasmite {

namespace {

constexpr uint64_t kFirstTime = 1'000'000'000'000'000'000;

enum Flag : uint8_t {
  kSecondBase = 1,
  kRaw = 2,
  kTrustLivePage = 4,
  kSealSuperblocks = 8,
  kSealAnchors = 16,
  kSealFrames = 32,
  kSealCheckpoints = 64,
  kOtherSize = 128,
};

void seal_superblock(Superblock& block) { block.crc = superblock_crc(block); }

// Visits the headers from tail to head, as far as they lead; `visit` may change them.
template <class Visitor>
void for_each_frame(PoolView& view, Visitor&& visit) {
  uint64_t at = view.live->tail & ~uint64_t{7};
  const uint64_t head = view.live->head;
  // Edits may have moved the ends anywhere: no more than one way round.
  for (uint64_t walked = 0; at < head && walked < view.geometry.ring_size;) {
    FrameWords frame = view.header_at(at);
    const uint64_t size = frame.size();
    if (size > view.geometry.ring_size - walked) return;
    visit(frame, at);
    for (uint64_t i = 0; i < 4; ++i) view.ring.store(at + 8 * i, frame.words[i]);
    at += size;
    walked += size;
  }
}

void seal_frames(PoolView& view) {
  std::vector<uint64_t> body;
  for_each_frame(view, [&](FrameWords& frame, uint64_t at) {
    body.resize((frame.size() - sizeof(FrameHeader)) / 8);
    const uint32_t body_crc =
        view.ring.copy_out(at + sizeof(FrameHeader), body.data(), body.size() * 8, kCrc32cInit);
    const uint64_t crc = frame_crc(view.crc_seed, frame, at, body_crc);
    frame.words[3] = (frame.words[3] & 0xFFFFFFFF) | crc << 32;
  });
}

void seal_anchors(PoolView& view) {
  for (uint64_t copy = 0; copy < 2; ++copy) {
    std::byte* at = view.base + view.geometry.anchor_offset(copy);
    AnchorHeader header;
    std::memcpy(&header, at, sizeof(header));
    if (header.gen == 0) continue;
    write_anchor_copy(view, copy,
                      {.gen = header.gen,
                       .tail = header.tail,
                       .head = header.head,
                       .next_seq = header.next_seq,
                       .last_time = header.last_time,
                       .pos_limit = header.pos_limit,
                       .seq_limit = header.seq_limit},
                      reinterpret_cast<const CheckpointSlot*>(at + sizeof(AnchorHeader)));
  }
}

void seal_checkpoints(PoolView& view) {
  for (uint64_t i = 0; i < 2 * view.geometry.checkpoint_slots; ++i) {
    CheckpointSlot& slot = view.checkpoints[i];
    uint64_t words[sizeof(slot) / 8];
    std::memcpy(words, &slot, sizeof(slot));
    slot.crc = crc32c_words(kCrc32cInit, words, sizeof(slot) / 8 - 1);
  }
}

void seal_commit_records(PoolView& view) {
  for (CommitRecord& record : view.live->commit) {
    CommitView commit = load_commit_record(view.crc_seed, record).view;
    record = make_commit_record(view.crc_seed, commit);
  }
}

// Random ids and times would make every run another one.
void make_reproducible(PoolView& view, Superblock& superblock) {
  std::memset(superblock.pool_id, 0x5A, sizeof(superblock.pool_id));
  superblock.created_ns = kFirstTime;
  view.crc_seed = frame_crc_seed(superblock.pool_id);
  uint64_t time = kFirstTime;
  for_each_frame(view, [&](FrameWords& frame, uint64_t) {
    if (frame.flags() & kFrameBegin) time += 1000;
    frame.words[2] = time;
  });
  LivePage& live = *view.live;
  for (CommitRecord& commit : live.commit)
    if (commit.next_seq != 0) commit.last_time = time;
  seal_commit_records(view);
  live.attempt_time = time;
  live.writer_pid = 1;
  for (uint64_t copy = 0; copy < 2; ++copy) {
    std::byte* at = view.base + view.geometry.anchor_offset(copy);
    AnchorHeader header;
    std::memcpy(&header, at, sizeof(header));
    // The batches behind the anchor must be newer than it.
    header.last_time = kFirstTime;
    std::memcpy(at, &header, sizeof(header));
  }
}

}  // namespace

Superblock& PoolImage::Draft::superblock(bool copy) {
  const uint64_t offset = copy ? view.geometry.superblock_copy_offset() : 0;
  return *reinterpret_cast<Superblock*>(bytes() + offset);
}

PoolImage::PoolImage() : path_(dir_.path() / "image") {
  bases_[0] = make_base("few", 3);
  bases_[1] = make_base("wrapped", 150);
}

// Batches of one to three records, some with tags, and two checkpoints now and then.
PoolImage::Base PoolImage::make_base(const char* name, int batches) const {
  Base base;
  base.file = dir_.path() / name;
  {
    auto pool = Pool::create(base.file, {.size_bytes = kMinPoolBytes});
    PLASMITE_CHECK(pool.has_value());
    const auto tags = TagBlock::encode({"a", "bc"});
    for (int batch = 0; batch < batches; ++batch) {
      const std::string body =
          "{\"n\":" + std::string(static_cast<size_t>(batch * 7 % 300), '1') + "}";
      std::vector<RecordView> records(static_cast<size_t>(1 + batch % 3), {.body = body});
      if (batch % 2) records.back().tags = &*tags;
      AppendOptions options;
      if (batch % 10 == 1) options.checkpoint = {.name = "source", .value = body};
      if (batch % 10 == 2) options.checkpoint = {.name = "other", .value = ""};
      PLASMITE_CHECK(pool->append_batch(records, options).has_value());
    }
  }
  const UniqueFd fd(::open(base.file.c_str(), O_RDONLY | O_CLOEXEC));
  const auto tag = live_tag(fd.get(), base.file.string());
  PLASMITE_CHECK(tag.has_value());
  base.tag = *tag;
  base.words.resize(kMinPoolBytes / 8);
  PLASMITE_CHECK(::pread(fd.get(), base.words.data(), kMinPoolBytes, 0) ==
                 static_cast<ssize_t>(kMinPoolBytes));

  Draft draft = draft_of(base);
  make_reproducible(draft.view, draft.superblock(false));
  seal_superblock(draft.superblock(false));
  draft.superblock(true) = draft.superblock(false);
  seal_frames(draft.view);
  seal_anchors(draft.view);
  base.words = std::move(draft.words);
  return base;
}

PoolImage::Draft PoolImage::draft_of(const Base& base) const {
  Draft draft;
  draft.words = base.words;
  const auto geometry = plan_geometry(kMinPoolBytes);
  PLASMITE_CHECK(geometry.has_value());
  draft.view = PoolView::of(reinterpret_cast<std::byte*>(draft.words.data()), *geometry,
                            *reinterpret_cast<const Superblock*>(draft.words.data()));
  return draft;
}

void PoolImage::edit(Draft& draft, FuzzInput& script) const {
  const Geometry& geometry = draft.view.geometry;
  const uint64_t regions[] = {kSuperblockOffset, kLivePageOffset,
                              kLivePageOffset + offsetof(LivePage, head), geometry.anchor_offset(0),
                              geometry.anchor_offset(1), geometry.checkpoint_offset,
                              geometry.index_offset, geometry.ring_offset,
                              // where the frames begin and end
                              geometry.ring_offset + draft.view.live->tail % geometry.ring_size,
                              geometry.ring_offset + draft.view.live->head % geometry.ring_size,
                              geometry.superblock_copy_offset()};
  const uint8_t operation = script.byte();
  const uint64_t region = regions[script.byte() % std::size(regions)];
  const auto offset = script.number<uint16_t>();
  char* const bytes = draft.bytes();
  uint64_t& word = draft.words[(region / 8 + offset) % draft.words.size()];
  switch (operation % 4) {
    case 0: {
      const std::string_view text = script.take(1 + operation / 4 % 16);
      for (size_t i = 0; i < text.size(); ++i)
        bytes[(region + offset + i) % kMinPoolBytes] = text[i];
      break;
    }
    case 1:
      word = script.number<uint64_t>();
      break;
    case 2:
      word += static_cast<uint64_t>(int64_t{script.number<int8_t>()} * (operation & 4 ? 8 : 1));
      break;
    default: {  // bytes of another place: an older lap, a swapped sector
      const uint64_t from = script.number<uint16_t>();
      const uint64_t size = std::min<uint64_t>(512, kMinPoolBytes - std::max(from, region));
      std::memmove(bytes + region, bytes + from, size);
    }
  }
}

bool PoolImage::write(FuzzInput script) {
  const uint8_t flags = script.byte();
  const Base& base = bases_[flags & kSecondBase ? 1 : 0];
  if (flags & kRaw) {
    const std::string_view bytes = script.rest();
    replace_file(base.file, bytes.data(), bytes.size());
    return false;
  }
  size_t size = kMinPoolBytes;
  if (flags & kOtherSize) size = script.number<uint32_t>() % (2 * kMinPoolBytes);
  Draft draft = draft_of(base);
  while (!script.empty()) edit(draft, script);
  draft.view.crc_seed = frame_crc_seed(draft.superblock(false).pool_id);
  if (flags & kSealCheckpoints) seal_checkpoints(draft.view);
  if (flags & kSealFrames) seal_frames(draft.view);
  if (flags & kSealAnchors) {
    seal_anchors(draft.view);
    seal_commit_records(draft.view);
  }
  if (flags & kSealSuperblocks) {
    seal_superblock(draft.superblock(false));
    seal_superblock(draft.superblock(true));
  }
  draft.view.live->tag = flags & kTrustLivePage ? base.tag : 0;
  draft.words.resize((size + 7) / 8);
  replace_file(base.file, draft.bytes(), size);
  return (flags & kTrustLivePage) != 0;
}

// The base's file stays the same one, so that its tag stays right; path() is one more name of it.
void PoolImage::replace_file(const std::filesystem::path& file, const char* bytes,
                             size_t size) const {
  ::unlink(path_.c_str());
  PLASMITE_CHECK(::link(file.c_str(), path_.c_str()) == 0);
  const UniqueFd fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
  PLASMITE_CHECK(fd && ::ftruncate(fd.get(), static_cast<off_t>(size)) == 0);
  PLASMITE_CHECK(::pwrite(fd.get(), bytes, size, 0) == static_cast<ssize_t>(size));
}

}  // namespace plasmite
