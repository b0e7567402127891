// A pool file made of a fuzzer's input: either the bytes themselves, or edits to a real small pool,
// after which chosen checksums are made right again, so that the code behind them is reached.
#pragma once

#include <filesystem>
#include <vector>

#include "core/pool/pool_view.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/scratch_pool.h"

namespace plasmite {

class PoolImage {
 public:
  PoolImage();

  // Replaces the file at path() by what `script` says; the same script, the same bytes (but for the
  // tag of the live page, which names this very file). Byte by byte:
  //   flags: 1 the second of two pools, 2 the rest is the file, 4 the live page is trusted,
  //          8 superblocks, 16 anchors, 32 frames, 64 checkpoints get right checksums, 128 another
  //          size
  //   then edits: operation, region, u16 offset, and what the operation needs
  // True: the pool will believe its live page, which only a program that means harm can have made
  // (what a power loss leaves is not believed).
  bool write(FuzzInput script);

  const std::filesystem::path& path() const { return path_; }

 private:
  struct Base {
    std::filesystem::path file;
    uint64_t tag = 0;
    std::vector<uint64_t> words;  // the whole file, with fixed id and times
  };
  // Its bytes, seen as a pool. The geometry is the base's, whatever the edits did to the
  // superblock.
  struct Draft {
    std::vector<uint64_t> words;
    PoolView view;
    char* bytes() { return reinterpret_cast<char*>(words.data()); }
    Superblock& superblock(bool copy);
  };

  Base make_base(const char* name, int batches) const;
  Draft draft_of(const Base& base) const;
  void edit(Draft& draft, FuzzInput& script) const;
  void replace_file(const std::filesystem::path& file, const char* bytes, size_t size) const;

  ScratchDir dir_;
  std::filesystem::path path_;
  Base bases_[2];
};

}  // namespace plasmite
