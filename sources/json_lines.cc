#include "sources/json_lines.h"

#include <algorithm>
#include <utility>

namespace plasmite {

namespace {

std::string_view without_cr(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

size_t indent_of(std::string_view line) {
  return std::min(line.find_first_not_of(" \t"), line.size());
}

bool opens_container(std::string_view line) {
  const size_t first = line.find_first_not_of(" \t");
  return first != std::string_view::npos && (line[first] == '{' || line[first] == '[');
}

// Whether a line that is no valid JSON leaves a bracket open, as far as one can tell.
bool leaves_open(std::string_view line) {
  int open = 0;
  for (size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '"') {
      for (++at; at < line.size() && line[at] != '"'; ++at)
        if (line[at] == '\\') ++at;
    } else if (line[at] == '{' || line[at] == '[') {
      ++open;
    } else if (line[at] == '}' || line[at] == ']') {
      --open;
    }
  }
  return open > 0;
}

}  // namespace

Result<void> JsonLines::take(const LineBuffer::Piece& piece, RecordPosition at) {
  if (!piece.starts_line || !piece.ends_line) return take_part(piece, at);
  if (state_ == State::between) return take_line(piece.text.text, at);
  return join(piece.text.text, at);
}

Result<void> JsonLines::take_line(std::string_view whole_line, RecordPosition at) {
  const std::string_view line = without_cr(whole_line);
  if (is_blank(line)) return {};
  const Result<JsonText> json = intake_.check({line});
  if (json) return intake_.store(*json, at);
  if (joins_ && json.error().kind() == ErrorKind::Usage && opens_container(line)) {
    if (line.size() > intake_.max_record_bytes()) {
      Result<void> begun = begin_oversized(line, at);
      end_long_line();
      return begun;
    }
    if (json.error().message() == "invalid json") return join(whole_line, at);
  }
  return intake_.reject(line, at, json.error());
}

// A line over the limit passes by in parts; the first one with something in it makes it a record,
// and a bad one. The others are let go.
Result<void> JsonLines::take_part(const LineBuffer::Piece& piece, RecordPosition at) {
  if (piece.starts_line) part_done_ = false;
  Result<void> taken;
  if (!part_done_) taken = judge_part(piece.text.text, piece.starts_line, at);
  if (piece.ends_line) end_long_line();
  return taken;
}

void JsonLines::end_long_line() {
  if (state_ == State::too_long && scan_line("") != JsonScanner::State::open)
    state_ = State::broken;
}

Result<void> JsonLines::judge_part(std::string_view part, bool starts_line, RecordPosition at) {
  if (state_ == State::waiting) {
    JsonScanner scanner = scanner_;
    scanner.scan(part);
    if (scanner.state() == JsonScanner::State::broken) {
      if (Result<void> finished = finish(); !finished) return finished;
    } else {
      state_ = State::too_long;
      const RecordPosition record_at = record_position();
      const std::string text = std::exchange(text_, {});
      if (Result<void> rejected =
              intake_.reject_oversized(std::string_view(text).substr(record_.index), record_at);
          !rejected)
        return rejected;
    }
  }
  const bool may_begin = starts_line && may_begin_record(part);
  if (state_ == State::too_long) {
    scanner_.scan(part);
    bytes_scanned_ += part.size();
    if (scanner_.state() == JsonScanner::State::open) return {};
    part_done_ = true;
    if (scanner_.state() == JsonScanner::State::complete) {
      state_ = State::between;
      return {};
    }
    state_ = State::broken;
  }
  if (state_ == State::broken && !may_begin) {
    part_done_ = true;
    return {};
  }
  state_ = State::between;
  if (is_blank(part)) return {};
  part_done_ = true;
  if (joins_ && opens_container(part)) return begin_oversized(part, at);
  return intake_.reject_oversized(part, at);
}

// A record that is too long already in its first line, of which this is at least the beginning.
Result<void> JsonLines::begin_oversized(std::string_view part, RecordPosition at) {
  scanner_.reset();
  indent_ = indent_of(part);
  scanner_.scan(part);
  bytes_scanned_ += part.size();
  state_ = scanner_.state() == JsonScanner::State::open       ? State::too_long
           : scanner_.state() == JsonScanner::State::complete ? State::between
                                                              : State::broken;
  part_done_ = state_ != State::too_long;
  return intake_.reject_oversized(part, at);
}

Result<void> JsonLines::join(std::string_view line, RecordPosition at) {
  if (text_.empty()) {
    text_offset_ = at.offset;
    next_ = {.index = 0, .line = at.line};
  }
  text_ += line;
  text_ += '\n';
  return take_joined();
}

// Takes the lines of text_ that were not taken yet; giving up a record makes that more of them.
Result<void> JsonLines::take_joined() {
  while (next_.index < text_.size()) {
    const size_t end = text_.find('\n', next_.index);
    const std::string_view line = std::string_view(text_).substr(next_.index, end - next_.index);
    const State state = state_;
    Result<void> taken;
    if (state == State::between || (state == State::broken && may_begin_record(line))) {
      taken = begin_joined(line);
    } else if (state != State::broken) {
      taken = go_on_joined(line);
    } else {
      next_ = {.index = end + 1, .line = next_.line + 1};
    }
    if (!taken) return taken;
  }
  keep_record_only();
  return {};
}

Result<void> JsonLines::begin_joined(std::string_view line) {
  record_ = next_;
  restart_ = {};
  next_ = {.index = next_.index + line.size() + 1, .line = next_.line + 1};
  state_ = State::between;
  if (is_blank(line)) return {};
  if (!opens_container(line)) return intake_.take_copy(without_cr(line), record_position());
  indent_ = indent_of(line);
  scanner_.reset();
  switch (scan_line(line)) {
    case JsonScanner::State::open:
      state_ = State::waiting;
      return {};
    case JsonScanner::State::broken:
      if (leaves_open(line)) state_ = State::broken;
      break;
    case JsonScanner::State::complete:
      break;
  }
  return intake_.take_copy(without_cr(line), record_position());
}

Result<void> JsonLines::go_on_joined(std::string_view line) {
  const bool may_begin = may_begin_record(line);
  if (state_ == State::waiting && restart_.line == 0 && may_begin) restart_ = next_;
  const JsonScanner::State scanned = scan_line(line);
  const size_t end = next_.index + line.size();
  if (state_ == State::too_long) {
    if (scanned == JsonScanner::State::broken) state_ = State::broken;
    if (scanned == JsonScanner::State::broken && may_begin) return {};  // and is taken again
    if (scanned == JsonScanner::State::complete) state_ = State::between;
    next_ = {.index = end + 1, .line = next_.line + 1};
    return {};
  }
  if (scanned == JsonScanner::State::broken) return give_up(end);
  next_ = {.index = end + 1, .line = next_.line + 1};
  const std::string_view record =
      std::string_view(text_).substr(record_.index, end - record_.index);
  if (scanned == JsonScanner::State::complete) {
    state_ = State::between;
    return intake_.take_copy(without_cr(record), record_position());
  }
  if (record.size() <= intake_.max_record_bytes()) return {};
  state_ = State::too_long;
  return intake_.reject_oversized(record, record_position());
}

// The record that waits, with its last line ending at `end`, will never be one.
Result<void> JsonLines::give_up(size_t end) {
  const bool restarts = restart_.line > 0;
  if (restarts) end = restart_.index - 1;
  const std::string_view record =
      std::string_view(text_).substr(record_.index, end - record_.index);
  state_ = restarts ? State::between : State::broken;
  next_ =
      restarts
          ? restart_
          : Place{.index = end + 1,
                  .line = record_.line +
                          static_cast<uint64_t>(std::count(record.begin(), record.end(), '\n')) +
                          1};
  return intake_.take_copy(without_cr(record), record_position());
}

Result<void> JsonLines::finish() {
  while (state_ == State::waiting) {
    if (Result<void> given_up = give_up(text_.size() - 1); !given_up) return given_up;
    if (Result<void> taken = take_joined(); !taken) return taken;
  }
  return {};
}

// Forgets what was taken and is no part of a record that waits.
void JsonLines::keep_record_only() {
  const size_t done = state_ == State::waiting ? record_.index : text_.size();
  if (done == 0) return;
  text_.erase(0, done);
  text_offset_ += done;
  record_.index = 0;
  next_.index -= done;
  if (restart_.line > 0) restart_.index -= done;
}

JsonLines::Waiting JsonLines::take_waiting() {
  state_ = State::between;
  return {.text = std::exchange(text_, {}), .offset = text_offset_};
}

// A line and its end. What follows the value in the last line of a record must be blank.
JsonScanner::State JsonLines::scan_line(std::string_view line) {
  const size_t scanned = scanner_.scan(line);
  bytes_scanned_ += scanned;
  if (scanner_.state() == JsonScanner::State::open) scanner_.scan("\n");
  if (scanner_.state() == JsonScanner::State::complete && !is_blank(line.substr(scanned)))
    return JsonScanner::State::broken;
  return scanner_.state();
}

bool JsonLines::may_begin_record(std::string_view line) const {
  return opens_container(line) && indent_of(line) <= indent_;
}

RecordPosition JsonLines::record_position() const {
  return {.offset = text_offset_ + record_.index, .line = record_.line};
}

}  // namespace plasmite
