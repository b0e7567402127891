// What a Filter and its process `plasmite-filter` say to each other over a socket pair. Both are
// built together and started together, so numbers are in the machine's own byte order and nothing
// here is stable; `kFilterProtocol` makes a stray program of another build refuse to start.
//
//   request   RequestHeader, `count` sizes of 32 bits each, the texts one behind the other
//   reply     ReplyHeader, `size` bytes
//
// The first request carries the programs; `ready` or `compile_error` answers it. Each further one
// carries messages and is answered by one byte (FilterVerdict) per message, in order, in as many
// `verdicts` as the process likes. A request is read whole before anything of it is answered, and
// nothing is sent before the last one was answered: neither side ever waits for the other to read.
#pragma once

#include <cstddef>
#include <cstdint>

namespace plasmite {

inline constexpr const char* kFilterProtocol = "plasmite-filter-2-" PLASMITE_VERSION;

// The last argument of the process: FilterReach.
inline constexpr const char* kReachHost = "host";
inline constexpr const char* kReachMessage = "message";

struct FilterRequestHeader {
  uint32_t count;
  uint32_t reserved;
  uint64_t bytes;  // of all texts
};

enum class FilterReply : uint32_t {
  ready = 1,      // the programs are compiled
  compile_error,  // `program` is not a jq program; the text is what jq says. The process ends
  verdicts,       // one byte per message
  runtime_error,  // the text is why `program` failed on the message after those decided so far;
                  // sent for the first one only. Its verdict follows
  not_boolean,    // what `program` made of the message after those decided so far. The process ends
  failed,         // FilterFailure in `detail`, at that message. The process ends
};

struct FilterReplyHeader {
  FilterReply kind;
  uint32_t program;  // counted from 0
  uint32_t detail;
  uint32_t size;
};

// Why the process gave up.
enum class FilterFailure : uint32_t { time = 1, memory, crash };

inline constexpr size_t kMaxFilterReplyBytes = 4096;

}  // namespace plasmite
