#include "sinks/merged_sinks.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace plasmite {

MergedSinks::MergedSinks(Options options) : same_place_(options.same_place) {
  blocks_[0].output = std::move(options.out);
  blocks_[1].output = std::move(options.err);
  blocks_[1].open = blocks_[1].output != nullptr;
}

MergedSinks::Output MergedSinks::output_for(TapStream stream, size_t number, std::string prefix) {
  return [this, stream, number, text = std::move(prefix)](std::string_view bytes) {
    return append(stream, number, text, bytes);
  };
}

void MergedSinks::add(size_t number, MessageSink& sink) {
  if (number >= members_.size()) members_.resize(number + 1);
  PLASMITE_CHECK(members_[number].sink == nullptr);
  members_[number] = {.sink = &sink, .oldest_in_blocks = std::nullopt};
}

Result<bool> MergedSinks::remove(size_t number) {
  auto flushed = flush();
  if (flushed && *flushed) flushed = members_[number].sink->finish();
  if (flushed && *flushed) flushed = flush_blocks();
  if (last_ == number) last_.reset();
  members_[number] = {};
  return flushed;
}

Result<MessageSink::Written> MergedSinks::write(const MessageView& message) {
  if (last_ != selected_) {
    const auto flushed = flush_last();
    if (!flushed) return std::unexpected(flushed.error());
    if (!*flushed) return Written::nobody_reads;
    last_ = selected_;
  }
  Member& member = members_[selected_];
  // What the sink holds back may become part of this text.
  const uint64_t oldest = member.sink->oldest_unwritten().value_or(message.seq);
  member.oldest_in_blocks = std::min(member.oldest_in_blocks.value_or(oldest), oldest);
  auto written = member.sink->write(message);
  if (!written || *written == Written::nobody_reads) return written;
  if (blocks_[0].text.size() + blocks_[1].text.size() < kBlockBytes) return written;
  const auto flushed = flush();
  if (!flushed) return std::unexpected(flushed.error());
  return *flushed ? *written : Written::nobody_reads;
}

bool MergedSinks::shows(const MessageView& message) {
  return members_[selected_].sink->shows(message);
}

std::optional<uint64_t> MergedSinks::oldest_unwritten() const {
  const Member& member = members_[selected_];
  const auto held = member.sink->oldest_unwritten();
  if (!held || !member.oldest_in_blocks) return held ? held : member.oldest_in_blocks;
  return std::min(*held, *member.oldest_in_blocks);
}

Result<bool> MergedSinks::flush() {
  const auto flushed = flush_last();
  return flushed && *flushed ? flush_blocks() : flushed;
}

Result<bool> MergedSinks::finish() {
  if (auto flushed = flush_last(); !flushed || !*flushed) return flushed;
  for (const Member& member : members_) {
    if (member.sink == nullptr) continue;
    if (auto finished = member.sink->finish(); !finished || !*finished) return finished;
  }
  return flush_blocks();
}

Result<bool> MergedSinks::flush_last() {
  if (!last_) return true;
  return members_[*last_].sink->flush();
}

Result<bool> MergedSinks::flush_blocks() {
  for (Block& block : blocks_)
    if (auto flushed = flush(block); !flushed || !*flushed) return flushed;
  if (!failed_)
    for (Member& member : members_) member.oldest_in_blocks.reset();
  return true;
}

Result<bool> MergedSinks::flush(Block& block) {
  if (block.text.empty()) return true;
  auto written = block.output(block.text);
  block.text.clear();
  if (written && !*written) {
    block.open = false;
    // Who stops reading stderr only misses it.
    written = &block != &blocks_[0];
  }
  failed_ |= !written || !*written;
  return written;
}

Result<bool> MergedSinks::append(TapStream stream, size_t number, std::string_view prefix,
                                 std::string_view bytes) {
  const size_t index = stream == TapStream::out ? 0 : 1;
  Block& block = blocks_[index];
  if (!block.open) return true;
  if (same_place_)
    if (auto flushed = flush(blocks_[1 - index]); !flushed || !*flushed) return flushed;
  if (prefix.empty()) {
    block.text += bytes;
    return true;
  }
  if (block.in_line_of && block.in_line_of != number) {
    block.text += '\n';
    block.in_line_of.reset();
  }
  while (!bytes.empty()) {
    if (!block.in_line_of) block.text += prefix;
    const size_t end = bytes.find('\n');
    const size_t length = end == std::string_view::npos ? bytes.size() : end + 1;
    block.text += bytes.substr(0, length);
    block.in_line_of = end == std::string_view::npos ? std::optional(number) : std::nullopt;
    bytes.remove_prefix(length);
  }
  return true;
}

}  // namespace plasmite
