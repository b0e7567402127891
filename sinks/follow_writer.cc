#include "sinks/follow_writer.h"

#include <utility>

namespace plasmite {

FollowWriter::FollowWriter(FollowWriterOptions options) : options_(std::move(options)) {
  block_.reserve(2 * kBlockBytes);
}

Result<MessageSink::Written> FollowWriter::write(const MessageView& message) {
  if (!oldest_unwritten_) oldest_unwritten_ = message.seq;
  append(message);
  if (block_.size() < kBlockBytes) return Written::shown;
  const auto flushed = flush();
  if (!flushed) return std::unexpected(flushed.error());
  return *flushed ? Written::shown : Written::nobody_reads;
}

Result<bool> FollowWriter::flush() {
  if (block_.empty()) return true;
  auto written = options_.output(block_);
  block_.clear();
  failed_ |= !written || !*written;
  if (!failed_) oldest_unwritten_.reset();
  return written;
}

void FollowWriter::append(const MessageView& message) {
  if (options_.format == FollowWriterOptions::Format::jsonl) {
    if (options_.data_only) {
      block_ += message.body;
    } else {
      envelope_.append_message(block_, message, options_.pool_json);
    }
  } else if (options_.data_only) {
    append_pretty_json(block_, message.body, options_.pretty);
  } else {
    compact_.clear();
    envelope_.append_message(compact_, message, options_.pool_json);
    append_pretty_json(block_, compact_, options_.pretty);
  }
  block_ += '\n';
}

}  // namespace plasmite
