#include "agent/intake/reject_pool.h"

#include <algorithm>
#include <string>
#include <utility>

#include "agent/output/json_writer.h"
#include "core/pool/record.h"
#include "core/record/json_text.h"
#include "core/record/utf8.h"

namespace plasmite {
namespace {

constexpr std::chrono::seconds kPauseAfterLoss{1};

using Rejected = RejectPool::Rejected;

// Only the first `bytes` of the raw text.
std::string reject_json(const Rejected& rejected, size_t bytes) {
  const std::string_view kept = rejected.raw.substr(0, bytes);
  JsonWriter json;
  json.begin_object().key("kind").string("reject");
  if (is_utf8(kept)) {
    json.key("raw").string(kept);
  } else {
    json.key("raw_base64").string(base64_encode(kept));
  }
  json.key("reason").string(reject_reason_name(rejected.reason));
  json.key("source").string(rejected.source);
  if (rejected.is_cut) {
    json.key("truncated_bytes").null();
  } else if (kept.size() < rejected.raw.size()) {
    json.key("truncated_bytes").number(rejected.raw.size() - kept.size());
  }
  json.end_object();
  return json.text();
}

// As much of it as fits.
std::string reject_json_within(const Rejected& rejected, size_t max_bytes) {
  size_t bytes = std::min(rejected.raw.size(), max_bytes);
  for (;;) {
    if (bytes < rejected.raw.size()) bytes = utf8_cut(rejected.raw, bytes);
    std::string json = reject_json(rejected, bytes);
    if (json.size() <= max_bytes || bytes == 0) return json;
    // Escapes are spread evenly more often than not; a text gets shorter each time in any case.
    bytes = std::min(bytes - 1, bytes * max_bytes / json.size());
  }
}

}  // namespace

RejectPool::RejectPool(OpenPool open_pool)
    : open_pool_(std::move(open_pool)), tags_(*TagBlock::encode({"lifecycle"})) {}

void RejectPool::keep(const Rejected& rejected) {
  const MutexLock lock(mutex_);
  if (std::chrono::steady_clock::now() < not_before_) {
    ++lost_;
    return;
  }
  const bool was_open = pool_ != nullptr;
  if (store(rejected) || (was_open && !pool_ && store(rejected))) {
    ++kept_;
    return;
  }
  ++lost_;
  not_before_ = std::chrono::steady_clock::now() + kPauseAfterLoss;
}

// False: not stored. Then there is no pool_ if opening it anew may help.
bool RejectPool::store(const Rejected& rejected) {
  constexpr size_t kHeaderAndRoundingBytes = 40;
  if (!pool_) {
    auto opened = open_pool_();
    if (!opened) return false;
    pool_ = std::move(*opened);
  }
  const size_t room = pool_->max_batch_bytes() - tags_.bytes().size() - kHeaderAndRoundingBytes;
  const std::string json = reject_json_within(rejected, std::min(room, kMaxRecordBytes));
  const auto stored = pool_->append({.body = json, .tags = &tags_});
  if (stored) return true;
  const ErrorKind kind = stored.error().kind();
  if (kind == ErrorKind::NotFound || kind == ErrorKind::Corrupt || kind == ErrorKind::Io)
    pool_.reset();
  return false;
}

}  // namespace plasmite
