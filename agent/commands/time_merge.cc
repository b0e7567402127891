#include "agent/commands/time_merge.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace plasmite {

void TimeMerge::add(size_t number, Reader reader) {
  if (number >= readers_.size()) {
    readers_.resize(number + 1);
    messages_.resize(number + 1);
  }
  PLASMITE_CHECK(!readers_[number] && reader);
  readers_[number] = std::move(reader);
  ++count_;
  silent_.push_back(number);
  asked_ns_ = INT64_MIN;  // this one was not
}

void TimeMerge::remove(size_t number) {
  PLASMITE_CHECK(number < readers_.size() && readers_[number]);
  readers_[number] = nullptr;
  --count_;
  std::erase(silent_, number);
  std::erase_if(ahead_, [&](const Ahead& ahead) { return ahead.reader == number; });
  std::ranges::make_heap(ahead_, std::greater{});
  if (taken_ == number) taken_.reset();
}

std::expected<std::optional<TimeMerge::Found>, TimeMerge::Failed> TimeMerge::next() {
  if (const auto taken = std::exchange(taken_, std::nullopt)) {
    const auto found = ask(*taken);
    if (!found) return std::unexpected(found.error());
    if (!*found) silent_.push_back(*taken);
  }
  for (;;) {
    if (!ahead_.empty() && (silent_.empty() || ahead_.front().time_ns < asked_ns_)) return take();
    const std::optional<Ahead> oldest =
        ahead_.empty() ? std::nullopt : std::optional(ahead_.front());
    if (auto asked = ask_the_silent(); !asked) return std::unexpected(std::move(asked.error()));
    if (ahead_.empty()) return std::nullopt;
    // They were asked since it was found, and none has an older one: this also settles it when its
    // time lies ahead of the clock. Else it was found just now, and those asked before may have had
    // theirs since.
    if (ahead_.front() == oldest) return take();
  }
}

std::expected<bool, TimeMerge::Failed> TimeMerge::ask(size_t number) {
  auto message = readers_[number]();
  if (!message) return std::unexpected(Failed{number, std::move(message.error())});
  if (!*message) return false;
  messages_[number] = **message;
  ahead_.push_back({.time_ns = (*message)->time_ns, .reader = number});
  std::ranges::push_heap(ahead_, std::greater{});
  return true;
}

std::expected<void, TimeMerge::Failed> TimeMerge::ask_the_silent() {
  const int64_t now_ns = clock_();  // before: what is stored from here on is younger
  for (size_t i = 0; i < silent_.size();) {
    const auto found = ask(silent_[i]);
    if (!found) return std::unexpected(found.error());
    if (*found) {
      silent_[i] = silent_.back();
      silent_.pop_back();
    } else {
      ++i;
    }
  }
  asked_ns_ = now_ns;
  return {};
}

TimeMerge::Found TimeMerge::take() {
  std::ranges::pop_heap(ahead_, std::greater{});
  const size_t reader = ahead_.back().reader;
  ahead_.pop_back();
  taken_ = reader;
  return {.reader = reader, .message = messages_[reader]};
}

}  // namespace plasmite
