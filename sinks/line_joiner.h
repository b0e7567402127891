// Puts the parts of long lines together again, also when several processes write long lines into
// one pool at once and their parts come in turns: a line is handed on when its last part is there.
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/record/tap_record.h"

namespace plasmite {

struct LineJoinerLimits {
  size_t line_bytes = 8u << 20;  // a longer line is handed on as its parts come
  size_t all_bytes = 32u << 20;  // of all lines together: then the oldest is handed on like that
  size_t lines = 64;             // begun and not ended: then the oldest is given up
};

// What is to be written now.
struct JoinedPiece {
  TapStream stream;
  std::string bytes;
  std::string eol;
  bool ends_line;      // also where the rest is missing
  bool parts_missing;  // this is the piece by which it is known; told once per line
  std::string id;
  uint64_t first_seq;  // of the message that the piece begins with
};

class LineJoiner {
 public:
  explicit LineJoiner(LineJoinerLimits limits = {}) : limits_(limits) {}

  // `line` must be a part, of the message `seq`; `eol` ends it if it is the last. Appends to
  // `ready`, in the order in which to write.
  void add(const TapLine& line, uint64_t seq, std::string_view eol,
           std::vector<JoinedPiece>& ready);

  // What there is of lines whose last part did not come.
  void take_rest(std::vector<JoinedPiece>& ready);

  // The oldest message of which something is held back; none: nothing is.
  std::optional<uint64_t> oldest_held() const;

 private:
  struct OpenLine {
    TapStream stream;
    std::string id;
    std::string held;
    uint64_t first_seq = 0;  // of what is held
    uint64_t next_part = 0;
    bool handed_on = false;  // from now on as its parts come
    bool incomplete = false;
    bool told = false;
  };
  using Lines = std::list<OpenLine>;  // the oldest first

  Lines::iterator find_or_open(const TapLine& line);
  void keep_within_limits(std::vector<JoinedPiece>& ready);
  void hand_on(OpenLine& line, std::vector<JoinedPiece>& ready);
  void end(Lines::iterator line, std::string_view eol, std::vector<JoinedPiece>& ready);
  void give_up(Lines::iterator line, std::vector<JoinedPiece>& ready);
  JoinedPiece piece_of(OpenLine& line);

  LineJoinerLimits limits_;
  Lines lines_;
  size_t held_bytes_ = 0;
};

}  // namespace plasmite
