#include "core/pool/cursor.h"

#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>

#include "core/base/probe.h"
#include "core/pool/event.h"
#include "core/pool/pool_open.h"
#include "core/pool/pool_seek.h"

namespace plasmite {

Cursor::State::Read Cursor::State::read_next() {
  const PoolView& view = handle->view;
  for (;;) {
    if (position >= head) {
      head = view.head();
      if (position == head) return Read::nothing_more;
      if (position > head && !return_to(head)) return Read::damage;
      // Positions only grow, and by at most what a reader can be behind without being overtaken.
      if (head - position > view.geometry.ring_size && view.tail() <= position) return Read::damage;
    }
    FrameWords frame;
    switch (copy_frame(&frame)) {
      case Frame::overtaken: continue;
      case Frame::damaged: {
        if (handle->is_cut()) return Read::damage;
        gap_cause = Gap::Cause::damage;
        position = view.resync(position + 8, head);
        continue;
      }
      case Frame::accepted: break;
    }
    step_over(frame);
    if (frame.is_control() ? take_control(frame) : deliver(frame)) return Read::record;
  }
}

bool Cursor::State::move_to_successor() {
  auto successor = open_successor(*handle);
  const auto bounds = successor ? read_bounds(successor->view) : std::nullopt;
  if (!bounds) return false;
  handle = std::move(successor);
  const uint64_t wanted = std::max(expected_seq, last_seq + 1);
  position = wanted > 1 ? seek_seq(handle->view, *bounds, wanted) : bounds->tail;
  head = bounds->head;
  place_position = UINT64_MAX;  // the ring has another size
  min_seq = std::max(min_seq, wanted);
  last_seq = 0;  // the search may have led us before what was seen
  return true;
}

// Heads only grow: one below our position is damage. But a snapshot that was taken while a writer was
// recovering the pool may end with a recovery frame of its own, which the pool itself does not have.
bool Cursor::State::return_to(uint64_t live_head) {
  if (handle->mode != PoolHandle::Mode::snapshot) return false;
  const auto bounds = read_bounds(handle->view);
  if (!bounds || bounds->head < live_head) return false;
  position = seek_seq(handle->view, *bounds, last_seq + 1);
  head = bounds->head;
  return true;
}

// Copies the frame at `position` into `buffer`.
Cursor::State::Frame Cursor::State::copy_frame(FrameWords* frame) {
  const PoolView& view = handle->view;
  if (position != place_position) {  // jumped: divide; steps below do not
    place_position = position;
    offset = view.ring.offset_of(position);
    lap = position / view.ring.size();
  }
  *frame = view.header_at_offset(offset);
  // Ordered after the loads above: they acquire. Only now may the length be believed.
  if (const uint64_t tail = view.tail(); tail > position) {
    go_to(tail);
    return Frame::overtaken;
  }
  if (!view.plausible_in_lap(*frame, lap, position, head)) return Frame::damaged;
  const uint64_t body_bytes = frame->size() - sizeof(FrameHeader);
  if (buffer.size() * 8 < body_bytes) buffer.resize(std::max<size_t>(body_bytes / 8, 512));
  const uint32_t body_crc = view.ring.copy_out_at(view.ring.step(offset, sizeof(FrameHeader)),
                                                  buffer.data(), body_bytes, kCrc32cInit);
  if (is_off(Protection::recheck_after_copy)) return Frame::accepted;
  if (const uint64_t tail = view.tail(); tail > position) {
    go_to(tail);
    return Frame::overtaken;
  }
  const bool intact = frame_crc(view.crc_seed, *frame, position, body_crc) == frame->crc();
  const bool in_order = frame->is_control() || frame->seq() > last_seq;
  return intact && in_order ? Frame::accepted : Frame::damaged;
}

void Cursor::State::step_over(const FrameWords& frame) {
  position += frame.size();
  place_position = position;
  const uint64_t next = handle->view.ring.step(offset, frame.size());
  if (next <= offset) ++lap;
  offset = next;
}

void Cursor::State::go_to(uint64_t tail) {
  position = tail;
  // The tail was stored after the head it may equal, so this head is not below it.
  head = handle->view.head();
}

bool Cursor::State::take_control(const FrameWords& frame) {
  if ((frame.flags() & kFrameRecovery) != 0) gap_cause = Gap::Cause::power_loss;
  return false;
}

// False: not wanted, go on.
bool Cursor::State::deliver(const FrameWords& frame) {
  last_seq = frame.seq();
  const Gap::Cause cause = std::exchange(gap_cause, Gap::Cause::retention);
  if (frame.seq() < min_seq || frame.time() < min_time) return false;
  if (expected_seq != 0 && frame.seq() > expected_seq)
    gap = Gap{expected_seq, frame.seq() - 1, cause};
  expected_seq = frame.seq() + 1;
  std::string_view body(reinterpret_cast<const char*>(buffer.data()), frame.body_len());
  TagsView tags;
  if ((frame.flags() & kFrameTags) != 0 && body.size() >= 2) {
    uint16_t length;
    std::memcpy(&length, body.data(), sizeof(length));
    const size_t block = std::min<size_t>(sizeof(length) + length, body.size());
    tags = TagsView(body.substr(0, block));
    body.remove_prefix(block);
  }
  message = {frame.seq(), static_cast<int64_t>(frame.time()), tags, body};
  return true;
}

Cursor::Cursor(std::unique_ptr<State> state) : state_(std::move(state)) {}
Cursor::Cursor(Cursor&&) noexcept = default;
Cursor& Cursor::operator=(Cursor&&) noexcept = default;
Cursor::~Cursor() = default;

Result<std::optional<MessageView>> Cursor::next() {
  State::Read read = state_->read_next();
  Result<void> present;
  // A successor may have been replaced in its turn.
  while (read == State::Read::nothing_more && !(present = state_->handle->check_present()) &&
         state_->move_to_successor())
    read = state_->read_next();
  // A truncated file reads as zeros: never mistake that for an end or for damage.
  if (state_->handle->file.faulted()) return std::unexpected(state_->handle->truncated_error());
  switch (read) {
    case State::Read::record: return state_->message;
    case State::Read::damage:
      return std::unexpected(state_->handle->corrupt_error("nothing readable follows in the pool"));
    case State::Read::nothing_more: break;
  }
  if (!present) return std::unexpected(std::move(present.error()));
  return std::nullopt;
}

std::optional<Gap> Cursor::take_gap() { return std::exchange(state_->gap, std::nullopt); }

uint64_t Cursor::expected_seq() const { return std::max<uint64_t>(state_->expected_seq, 1); }

Result<bool> Cursor::wait(std::chrono::steady_clock::time_point deadline,
                          const std::atomic<bool>* stop) {
  auto waited = state_->wait(deadline, stop);
  const bool gone = !waited && waited.error().kind() == ErrorKind::NotFound;
  if (gone && state_->move_to_successor()) return true;
  return waited;
}

Result<bool> Cursor::State::wait(std::chrono::steady_clock::time_point deadline,
                                 const std::atomic<bool>* stop) {
  const auto has_more = [&] {
    // Set before the event is signalled: whoever announced himself before looking here is woken.
    return (stop != nullptr && stop->load(std::memory_order_acquire)) ||
           handle->view.head() != position;
  };
  for (;;) {
    if (has_more()) {
      poll_interval = std::chrono::milliseconds(1);
      return true;
    }
    if (auto present = handle->check_present_slowly(); !present)
      return std::unexpected(std::move(present.error()));
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= std::chrono::steady_clock::duration::zero()) return false;
    if (handle->wait_page) {
      Event event(handle->wait_page->event);
      const uint32_t announced = event.announce();
      if (has_more()) return true;
      if (auto present = handle->check_present(); !present)
        return std::unexpected(std::move(present.error()));
      event.sleep(announced, std::min<std::chrono::nanoseconds>(left, kSleepCap));
      continue;
    }
    // Not allowed to announce ourselves: look again and again, more slowly while nothing comes.
    if (auto followed = follow_live_if_opened(*handle); !followed)
      return std::unexpected(std::move(followed.error()));
    std::this_thread::sleep_for(
        std::min<std::chrono::nanoseconds>(left, poll_interval));
    poll_interval = std::min(poll_interval * 2, kSlowestPoll);
  }
}

}  // namespace plasmite
