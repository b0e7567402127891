#include "agent/commands/receipts.h"

#include "agent/output/human.h"
#include "agent/output/stdio.h"
#include "agent/output/terminal_text.h"

namespace plasmite {

void Receipts::add(const AppendReceipt& receipt, std::span<const RecordView> records) {
  constexpr size_t kBlockBytes = 64u << 10;
  if (style_ == Style::none || closed_ || failure_) return;
  uint64_t seq = receipt.first_seq;
  for (const RecordView& record : records) {
    const TagsView tags(record.tags == nullptr ? std::string_view() : record.tags->bytes());
    if (style_ == Style::json) {
      envelope_.append_receipt(pending_, seq, receipt.time_ns, tags);
      pending_ += '\n';
    } else {
      add_for_people(seq, receipt.time_ns, tags);
    }
    ++seq;
    if (pending_.size() >= kBlockBytes) write_out();
  }
}

Result<bool> Receipts::flush() {
  write_out();
  if (failure_) return std::unexpected(*failure_);
  return !closed_;
}

void Receipts::write_out() {
  if (closed_ || failure_ || pending_.empty()) return;
  const auto written = write_output(kStdout, pending_);
  pending_.clear();
  if (!written) {
    failure_ = written.error();
  } else {
    closed_ = !*written;
  }
}

void Receipts::add_for_people(uint64_t seq, int64_t time_ns, const TagsView& tags) {
  pending_ += "fed seq=" + std::to_string(seq) + " at " + human_time(time_ns);
  const char* separator = "  tags: ";
  tags.for_each([&](std::string_view tag) {
    pending_ += separator + escape_for_terminal(tag);
    separator = ",";
  });
  pending_ += '\n';
}

}  // namespace plasmite
