// Messages and receipts as one line of JSON, keys in ascending order, no spaces, no newline.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/pool/record.h"
#include "core/record/timestamp.h"

namespace plasmite {

// Keep one per output: it remembers the last time text. Not thread-safe.
class EnvelopeWriter {
 public:
  // {"data":…,"meta":{"tags":[…]},"seq":N,"time":"…"}; data is the stored text, untouched. With
  // `pool_json`, a string as JSON text, "pool":… stands before "seq".
  void append_message(std::string& out, const MessageView& message,
                      std::string_view pool_json = {});

  // {"meta":{"tags":[…]},"seq":N,"time":"…"}
  void append_receipt(std::string& out, uint64_t seq, int64_t time_ns, const TagsView& tags);

 private:
  void append_seq_and_time(std::string& out, uint64_t seq, int64_t time_ns);

  TimestampFormatter timestamp_;
};

}  // namespace plasmite
