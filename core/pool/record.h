// What goes into a pool and what comes out, as the pool sees it: bytes, tags, sequence, time.
// The pool does not know JSON; core/append accepts validated JSON only and hands it on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"

namespace plasmite {

inline constexpr uint64_t kMaxTags = 64;            // per record
inline constexpr uint64_t kMaxTagBytes = 255;       // one tag, UTF-8
inline constexpr uint64_t kMaxTagBlockBytes = 4096; // all tags of one record, encoded

// The tags of a record in stored form: {u16 length of the rest, {u8 length, bytes}...}; empty
// string when there are none. Build once per source, share between records.
class TagBlock {
 public:
  TagBlock() = default;
  // Usage error: more than kMaxTags, a tag over kMaxTagBytes, all together over kMaxTagBlockBytes,
  // or not UTF-8. Order and duplicates are kept.
  static Result<TagBlock> encode(const std::vector<std::string>& tags);

  std::string_view bytes() const { return bytes_; }
  bool empty() const { return bytes_.empty(); }

 private:
  std::string bytes_;
};

// Reads an encoded tag block; the bytes must outlive it. Values from a pool file were checked by
// CRC, but a wrong length must still not read outside: iteration stops at the first bad length.
class TagsView {
 public:
  TagsView() = default;
  explicit TagsView(std::string_view encoded) : encoded_(encoded) {}

  bool empty() const { return encoded_.size() <= 2; }
  std::string_view bytes() const { return encoded_; }  // in stored form
  template <class Visitor>  // Visitor(std::string_view tag)
  void for_each(Visitor&& visit) const {
    for (size_t at = 2; at < encoded_.size();) {
      const size_t length = static_cast<unsigned char>(encoded_[at]);
      if (length > encoded_.size() - at - 1) return;
      visit(encoded_.substr(at + 1, length));
      at += 1 + length;
    }
  }
  bool contains(std::string_view tag) const {
    bool found = false;
    for_each([&](std::string_view candidate) { found = found || candidate == tag; });
    return found;
  }
  std::vector<std::string> to_vector() const {
    std::vector<std::string> tags;
    for_each([&](std::string_view tag) { tags.emplace_back(tag); });
    return tags;
  }

 private:
  std::string_view encoded_;
};

// One record to append. The bytes and the tag block must outlive the append call.
struct RecordView {
  std::string_view body;            // one line of UTF-8 text: the byte 0xFF never occurs in it
  const TagBlock* tags = nullptr;   // null: no tags
};

// One record read. Views point into the cursor (or Message) that gave it.
struct MessageView {
  uint64_t seq = 0;      // 1, 2, 3, ... per pool id
  int64_t time_ns = 0;   // UTC, nanoseconds since 1970; one value per batch, strictly increasing
  TagsView tags;
  std::string_view body;
};

}  // namespace plasmite
