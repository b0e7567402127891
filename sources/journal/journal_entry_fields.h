// The fields of the entry at which an sd-journal stands. Not thread-safe.
#pragma once

#include <systemd/sd-journal.h>

#include "sources/journal/journal_encoder.h"

namespace plasmite {

class EntryFields : public JournalFields {
 public:
  explicit EntryFields(sd_journal* journal) : journal_(journal) {}
  int next(std::string_view& field) override {
    const void* data = nullptr;
    size_t size = 0;
    const int got = sd_journal_enumerate_available_data(journal_, &data, &size);
    if (got > 0) field = {static_cast<const char*>(data), size};
    return got;
  }
  void restart() override { sd_journal_restart_data(journal_); }

 private:
  sd_journal* journal_;
};

}  // namespace plasmite
