// Grows by chunks that never move, so that views into it stay valid until clear(): the texts of
// one batch live here between being made and being published. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace plasmite {

class TextArena {
 public:
  // Room for at most `bytes`; call commit() with what was used of it before the next reserve().
  char* reserve(size_t bytes) {
    if (chunks_.empty() || chunks_[current_].size - used_ < bytes) next_chunk(bytes);
    return chunks_[current_].data.get() + used_;
  }
  std::string_view commit(size_t bytes) {
    const char* begin = chunks_[current_].data.get() + used_;
    used_ += bytes;
    return {begin, bytes};
  }
  std::string_view copy(std::string_view text) {
    std::copy(text.begin(), text.end(), reserve(text.size()));
    return commit(text.size());
  }
  // Forgets all texts; keeps the first chunk, so that a steady stream of batches allocates nothing.
  void clear() {
    if (chunks_.size() > 1) chunks_.resize(1);
    current_ = 0;
    used_ = 0;
  }

 private:
  static constexpr size_t kChunkBytes = 512u << 10;
  struct Chunk {
    std::unique_ptr<char[]> data;
    size_t size;
  };

  void next_chunk(size_t bytes) {
    const size_t size = std::max(bytes, kChunkBytes);
    chunks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
    current_ = chunks_.size() - 1;
    used_ = 0;
  }

  std::vector<Chunk> chunks_;
  size_t current_ = 0;
  size_t used_ = 0;
};

}  // namespace plasmite
