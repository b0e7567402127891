// Records that say by themselves whether they are whole, and what a cursor delivered.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "core/pool/pool.h"
#include "tests/support/must.h"

namespace plasmite {

// A body of `bytes` bytes (at least 2) that differs from that of every other number in most of
// them.
inline std::string body_of(uint64_t number, size_t bytes) {
  std::string body(bytes, ' ');
  uint64_t state = number * 0x9E3779B97F4A7C15 + bytes;
  for (char& c : body) {
    state = state * 6364136223846793005 + 1442695040888963407;
    c = static_cast<char>('!' + (state >> 33) % 90);
  }
  return body;
}

struct ReadRecord {
  uint64_t seq = 0;
  int64_t time_ns = 0;
  std::string tags;
  std::string body;
  bool operator==(const ReadRecord&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const ReadRecord& record) {
  return out << "#" << record.seq << " at " << record.time_ns << ": " << record.body.substr(0, 40);
}

struct Reading {
  std::vector<ReadRecord> records;
  std::vector<Gap> gaps;
  std::optional<Error> error;
};

// Everything there is now.
inline Reading read_to_end(Cursor& cursor) {
  Reading reading;
  for (;;) {
    auto message = cursor.next();
    if (!message) {
      reading.error = message.error();
      return reading;
    }
    if (auto gap = cursor.take_gap()) reading.gaps.push_back(*gap);
    if (!*message) return reading;
    const MessageView& view = **message;
    reading.records.push_back(
        {view.seq, view.time_ns, std::string(view.tags.bytes()), std::string(view.body)});
  }
}

inline Reading read_from(const Pool& pool, Start start) {
  auto cursor = pool.cursor(start);
  if (!cursor) return {.records = {}, .gaps = {}, .error = cursor.error()};
  return read_to_end(*cursor);
}

// All retained records of a healthy pool.
inline std::vector<ReadRecord> read_all(const Pool& pool) {
  Reading reading = read_from(pool, Start::oldest());
  if (reading.error) give_up(*reading.error, std::source_location::current());
  return std::move(reading.records);
}

}  // namespace plasmite
