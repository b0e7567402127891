// One journal entry as JSON text: names and string values of `journalctl -o json --all`, in one
// walk over the fields. First where the entry lies ("__CURSOR", "__REALTIME_TIMESTAMP",
// "__MONOTONIC_TIMESTAMP",
// "_BOOT_ID"), then its fields in their order; a field that occurs again makes an array in the
// first one's place. Bytes that are not UTF-8: the field holds text with U+FFFD, its sibling
// NAME_base64 the bytes; of an array the bytes of every element. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/record/json_text.h"
#include "sources/journal/journal_cursor.h"

namespace plasmite {

// The fields of the current entry, "NAME=value" each.
class JournalFields {
 public:
  virtual ~JournalFields() = default;
  // 1: a field, valid until the next call; 0: there are no more; negative: they cannot be read (an
  // errno).
  virtual int next(std::string_view& field) = 0;
  virtual void restart() = 0;
};

// What makes an entry one of our own log. Empty: nothing does.
struct OwnLog {
  JournalId boot_id;
  std::string pid;            // with this boot_id: _PID
  std::string invocation_id;  // _SYSTEMD_INVOCATION_ID

  static OwnLog of_this_process();
};

class JournalEncoder {
 public:
  enum class Outcome : uint8_t {
    record,
    own_log,
    unreadable,  // its fields cannot be read to the end
    oversize,    // too large even with every field cut
  };

  JournalEncoder(size_t max_record_bytes, OwnLog own_log);

  // A record above the limit keeps all fields but the largest; each of these becomes
  // {"truncated_bytes":N}.
  Outcome encode(std::string_view cursor, const JournalCursor& position, JournalFields& fields);
  // Of the last entry encoded; valid until the next one.
  JsonText text() const { return JsonText::from_encoder({out_.get(), used_}); }

 private:
  // Fields of an entry have few names, and these mostly follow one another as they did before. So a
  // name is looked at once, and from then on recognised by one comparison.
  struct Name {
    enum class Kind : uint8_t { other, boot, pid, invocation };

    std::string field;  // NAME=
    std::string head;   // ,"NAME":"
    Kind kind;
    uint32_t entry;  // the last one that has it
    uint32_t next;   // what came behind it last time
    std::string_view name() const { return std::string_view(field).substr(0, field.size() - 1); }
  };
  enum class Walk : uint8_t { done, own_log, unreadable, by_parts };
  static constexpr size_t kMostNames = 1024;

  void begin_entry();
  void write_head(std::string_view cursor, const JournalCursor& position);
  Walk walk(JournalFields& fields);
  Name* recognise(std::string_view field, uint32_t& guess);
  uint32_t find_name(std::string_view name, std::string_view field);
  bool is_own(Name::Kind kind, std::string_view value) const;
  static Name::Kind kind_of(std::string_view name);
  std::string_view padded(std::string_view value);
  void write_field(const Name& name, std::string_view value);
  Outcome encode_by_parts(JournalFields& fields, size_t head_bytes);
  void need(size_t bytes);
  void put(std::string_view text);

  size_t max_record_bytes_;
  OwnLog own_log_;
  bool is_own_boot_ = false;
  std::unique_ptr<char[]> out_;
  size_t capacity_ = 0;
  size_t used_ = 0;
  std::string value_;  // a value and the bytes that may be read behind it
  uint32_t entry_ = 0;
  uint32_t first_name_ = 0;  // of the last entry
  std::vector<Name> names_;  // never moves: it has its room from the beginning
  std::array<uint16_t, 2 * kMostNames> name_slots_{};  // by hash: 1 + index in names_, or 0
};

}  // namespace plasmite
