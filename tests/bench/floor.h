// The pieces floors are made of: the least work that does the same job, written as plainly as
// possible and sharing no code with what is measured.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace plasmite::bench {

// CRC32C by the processor's instruction, of `bytes` filled up with zeros to a multiple of eight.
uint32_t crc32c(std::string_view bytes);

// Parses and throws away; the settings of the product's validator.
class FloorParser {
 public:
  FloorParser();
  // True: one JSON object. At least simdjson::SIMDJSON_PADDING readable bytes follow `text`.
  bool is_object(std::string_view text) {
    simdjson::dom::element element;
    return parser_.parse(text.data(), text.size(), /*realloc_if_needed=*/false).get(element) ==
               simdjson::SUCCESS &&
           element.is_object();
  }

 private:
  simdjson::dom::parser parser_;
};

// Anonymous memory, faulted in before use: where records go when nothing is promised about them.
class FloorRing {
 public:
  explicit FloorRing(uint64_t size_bytes);
  FloorRing(const FloorRing&) = delete;
  FloorRing& operator=(const FloorRing&) = delete;
  ~FloorRing();

  // Keeps the body behind its length and checksum.
  void append(std::string_view body) {
    const uint32_t header[2] = {static_cast<uint32_t>(body.size()), crc32c(body)};
    if (at_ + sizeof header + body.size() > size_) at_ = 0;
    std::memcpy(data_ + at_, header, sizeof header);
    std::memcpy(data_ + at_ + sizeof header, body.data(), body.size());
    at_ += (sizeof header + body.size() + 7) & ~uint64_t{7};
  }

 private:
  char* data_;
  uint64_t size_;
  uint64_t at_ = 0;
};

// Collects output and writes it 64 KiB at a time.
class FloorWriter {
 public:
  explicit FloorWriter(int fd) : fd_(fd) { buffer_.reserve(kWriteBytes); }
  void append(std::string_view text) {
    while (buffer_.size() + text.size() >= kWriteBytes) {
      const size_t fits = kWriteBytes - buffer_.size();
      buffer_.append(text.substr(0, fits));
      text.remove_prefix(fits);
      flush();
    }
    buffer_.append(text);
  }
  void flush();
  bool failed() const { return failed_; }

 private:
  static constexpr size_t kWriteBytes = 64u << 10;
  int fd_;
  bool failed_ = false;
  std::string buffer_;
};

// Cuts what `fd` carries into lines: Visitor(std::string_view line). One read buffer, memchr, the
// unfinished line moved to the front. Knows neither long lines nor an unterminated last one.
class FloorLines {
 public:
  explicit FloorLines(int fd) : fd_(fd), buffer_(kReadBytes + simdjson::SIMDJSON_PADDING, '\0') {}

  // One read and the lines it completes. False: end of input, or an error.
  template <class Visitor>
  bool read_some(Visitor&& visit) {
    const size_t got = read_behind(held_);
    if (got == 0) return false;
    const char* at = buffer_.data();
    const char* const end = buffer_.data() + held_ + got;
    const char* search = at + held_;
    while (const char* lf = static_cast<const char*>(
               std::memchr(search, '\n', static_cast<size_t>(end - search)))) {
      visit(std::string_view(at, static_cast<size_t>(lf - at)));
      search = at = lf + 1;
    }
    held_ = static_cast<size_t>(end - at);
    std::memmove(buffer_.data(), at, held_);
    return true;
  }

 private:
  static constexpr size_t kReadBytes = 256u << 10;
  size_t read_behind(size_t held);
  int fd_;
  std::string buffer_;
  size_t held_ = 0;
};

// Appends the inside of a JSON string to `out`, which has room for six times `text`; returns the
// new end, or null for a text that is not UTF-8.
char* floor_escape(char* out, std::string_view text);

}  // namespace plasmite::bench
