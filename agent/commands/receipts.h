// Prints one receipt per stored record on stdout, many per write(2). Called with what was
// committed, so that a receipt never runs ahead of its record. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/base/error.h"
#include "core/pool/pool.h"
#include "core/record/envelope.h"

namespace plasmite {

class Receipts {
 public:
  enum class Style : uint8_t { none, json, people };
  explicit Receipts(Style style) : style_(style) {}

  void add(const AppendReceipt& receipt, std::span<const RecordView> records);

  // Call before waiting for more input and at the end. False: nobody reads stdout any more.
  Result<bool> flush();

  bool closed() const { return closed_; }

 private:
  void add_for_people(uint64_t seq, int64_t time_ns, const TagsView& tags);
  void write_out();

  Style style_;
  EnvelopeWriter envelope_;
  std::string pending_;
  bool closed_ = false;
  std::optional<Error> failure_;
};

}  // namespace plasmite
