// Arbitrary bytes as the file in which a named follower keeps its position: a position, none or a
// refusal of a later version; and what is saved then is what the next one finds.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/client/follower_position.h"
#include "tests/fuzz/fuzz_input.h"

namespace plasmite {
namespace {

// Removed at the end; in memory, because every input becomes a file.
struct Folder {
  Folder() { std::filesystem::create_directory(path); }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::filesystem::path path = "/dev/shm/plasmite-fuzz-follower-" + std::to_string(::getpid());
};

// The file as the input says: either its bytes, or a genuine file with some bytes over its own.
std::string content(FuzzInput input, const std::filesystem::path& pool) {
  if (input.byte() % 2 == 0) return std::string(input.rest());
  std::filesystem::remove(follower_file(pool, "x"));
  auto position = FollowerPosition::open(pool, "x");
  PLASMITE_CHECK(position);
  for (int saves = input.byte() % 4; saves > 0; --saves)
    PLASMITE_CHECK(position->save({.pool_id = {7}, .next_seq = input.number<uint64_t>()}));
  std::ifstream file(follower_file(pool, "x"), std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const size_t at = std::min<size_t>(input.number<uint16_t>() % 1024, bytes.size());
  return bytes.replace(at, input.rest().size(), input.rest());
}

void check(FuzzInput input) {
  static const Folder folder;
  const auto pool = folder.path / "p.plasmite";
  const std::string bytes = content(input, pool);
  std::ofstream(follower_file(pool, "x"), std::ios::binary | std::ios::trunc) << bytes;
  FollowerPosition::Place next{.pool_id = {}, .next_seq = 1};
  {
    auto position = FollowerPosition::open(pool, "x");
    if (!position) {
      PLASMITE_CHECK(position.error().kind() == ErrorKind::Usage);
      PLASMITE_CHECK(!position.error().hint().empty() && !bytes.empty());
      return;
    }
    if (bytes.empty()) PLASMITE_CHECK(!position->place() && !position->was_damaged());
    PLASMITE_CHECK(position->was_damaged() == (!position->place() && !bytes.empty()));
    if (position->place()) next = *position->place();
    next.next_seq += 1;
    next.pool_id[3] ^= 0x80;
    PLASMITE_CHECK(position->save(next));
  }
  const auto again = FollowerPosition::open(pool, "x");
  PLASMITE_CHECK(again && again->place() == next);
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::check({data, size});
  return 0;
}
