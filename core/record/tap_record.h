// Reads back the records that `tap` wrote (spec/tap.md): lines with their exact bytes, and how
// commands began and ended.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/pool/record.h"

namespace plasmite {

inline constexpr std::string_view kLifecycleTag = "lifecycle";
inline constexpr std::string_view kRunTagPrefix = "run:";  // and the run's id: `tap --run-tag`

enum class TapStream : uint8_t { out, err };

// The place of a record within a line that takes several.
struct TapPart {
  std::string_view id;
  uint64_t number = 0;
  bool last = false;
};

struct TapLine {
  TapStream stream = TapStream::out;
  std::string_view bytes;               // exactly, without what ended the line
  std::optional<std::string_view> eol;  // empty: not terminated; none: as lines of its run usually
  std::optional<TapPart> part;
  bool ends_line() const { return !part || part->last; }
};

struct TapRunStart {
  std::string_view run;  // empty: not said
  std::string command;   // for people: its words with blanks between
  bool pty = false;      // on a terminal of its own, where lines usually end in CR LF
};

struct TapRunEnd {
  std::string_view run;
  std::optional<int64_t> code;
  std::string_view signal;  // empty: none
  uint64_t elapsed_ms = 0;
};

// The next tap found that this run has no end record.
struct TapRunLost {
  std::string_view run;
};

// Any other record that plasmite itself wrote about what it does.
struct TapOtherLifecycle {};

// monostate: not a record of tap.
using TapRecord =
    std::variant<std::monostate, TapLine, TapRunStart, TapRunEnd, TapRunLost, TapOtherLifecycle>;

// Owns the parser's memory: keep one. Not thread-safe; movable.
class TapRecordReader {
 public:
  TapRecordReader();
  ~TapRecordReader();
  TapRecordReader(TapRecordReader&&) noexcept;
  TapRecordReader& operator=(TapRecordReader&&) noexcept;

  // The views in the result live until the next call, and as long as the message. A record that
  // looks like tap's but has a value that tap never writes (a third stream, bytes that are not
  // base64, a line end of other characters) is not one of tap's.
  TapRecord read(const MessageView& message);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace plasmite
