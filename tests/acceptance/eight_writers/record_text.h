// The records of the run: every byte of a record follows from its writer and number, so that a
// reader can tell an intact one without having been told.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plasmite::acceptance {

struct RecordName {
  uint32_t writer = 0;
  uint32_t number = 0;  // 0, 1, 2, ... per writer
  bool operator==(const RecordName&) const = default;
};

// {"w":3,"n":17,"text":"..."}: about 200 bytes, no line end. Thread-safe.
void append_record_text(std::string& out, RecordName name);

// A line as `follow --jsonl` prints it; none if any byte is not what it must be.
struct FollowedRecord {
  RecordName name;
  uint64_t seq = 0;
};
// `scratch` is memory kept between calls.
bool parse_followed_line(std::string_view line, std::string& scratch, FollowedRecord& record);

}  // namespace plasmite::acceptance
