// A bounded queue of bytes that knows lines: what does not fit is left out line by line, never in
// the middle, and counted for the place where it is missing. Once a line was left out, so are those
// behind it until a quarter of the room is free: a few long holes rather than many short ones.
// Not thread-safe.
//
// Bytes of a line may be taken out before its end came in. Such a line cannot be left out any more;
// then whoever fills the queue has to wait.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>

namespace plasmite {

class LineQueue {
 public:
  explicit LineQueue(size_t capacity);

  // Takes what fits, up to whole lines. Not more bytes than may_push() said. How many lines were
  // left out.
  uint64_t push(std::string_view bytes);
  // How many bytes may be pushed at once; 0: wait until more was taken out.
  size_t may_push(size_t wanted) const;

  // What is to be taken out next, up to the next hole; the second part is where the memory begins
  // anew.
  std::array<std::string_view, 2> front() const;
  void pop(size_t bytes);
  bool empty() const { return in_ == out_; }

  // The lines left out, since the last time, behind no more than the first `bytes` bytes that were
  // ever taken out.
  uint64_t take_left_out(uint64_t bytes);
  // Whether lines that nobody took yet are missing right before front().
  bool is_at_hole() const;
  uint64_t taken_out() const { return out_; }

 private:
  // Where lines are missing, in bytes that came in and stayed.
  struct Hole {
    uint64_t at;
    uint64_t lines;
  };
  static constexpr size_t kMostHoles = 64;  // further ones are told of with the last

  bool line_is_begun_outside() const { return line_ < out_; }
  size_t room() const { return capacity_ - static_cast<size_t>(in_ - out_); }
  void append(std::string_view bytes);
  void leave_out_line();
  uint64_t next_hole() const;

  size_t capacity_;
  std::unique_ptr<char[]> bytes_;  // a ring; the memory is the system's until it is used
  // Counted in bytes that came in and stayed.
  uint64_t in_ = 0;
  uint64_t out_ = 0;
  uint64_t line_ = 0;         // where the line begins whose end did not come in yet
  bool leaving_out_ = false;  // the rest of a line, up to its end
  bool is_full_ = false;      // lines are left out until there is room again
  std::deque<Hole> holes_;    // in order
};

}  // namespace plasmite
