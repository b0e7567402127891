// Arbitrary bytes where a person writes a pool's name, a follower's name, a time or tags.
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/client/follower_position.h"
#include "core/client/pool_ref.h"
#include "core/pool/record.h"
#include "core/record/timestamp.h"
#include "core/record/utf8.h"

namespace plasmite {
namespace {

void check_pool_ref(std::string_view text) {
  const auto path = resolve_pool_ref(text, "/pools");
  PLASMITE_CHECK(path.has_value() == !text.contains('\0'));
  if (!path) return;
  // A name never leaves the directory; a path is taken verbatim.
  if (text.contains('/'))
    PLASMITE_CHECK(path->native() == text);
  else
    PLASMITE_CHECK(path->parent_path() == "/pools" && path->native().ends_with(".plasmite"));
}

// No two pools and names share a file, and none is elsewhere.
void check_follower_name(std::string_view text) {
  if (!is_follower_name(text)) return;
  PLASMITE_CHECK(!text.empty() && text.size() <= kMaxFollowerNameBytes);
  PLASMITE_CHECK(text.find_first_of(std::string_view("./\\\0 ", 5)) == text.npos);
  const auto file = follower_file("/none/p.plasmite", text);
  PLASMITE_CHECK(file == "/none/p.plasmite." + std::string(text) + ".follower");
}

void check_time(std::string_view text) {
  const auto time = parse_rfc3339(text);
  if (!time) return;
  std::string printed;
  append_rfc3339(printed, *time);
  const auto again = parse_rfc3339(printed);
  PLASMITE_CHECK(again && *again == *time);
}

void check_tags(std::string_view text) {
  std::vector<std::string> tags(1);
  for (char c : text) {
    if (c == ',')
      tags.emplace_back();
    else
      tags.back() += c;
  }
  const auto block = TagBlock::encode(tags);
  if (block) {
    PLASMITE_CHECK(TagsView(block->bytes()).to_vector() == tags);
    PLASMITE_CHECK(is_utf8(text) && block->bytes().size() <= kMaxTagBlockBytes);
  } else {
    PLASMITE_CHECK(!is_utf8(text) || text.size() > kMaxTagBytes || tags.size() > kMaxTags);
  }
  // The same bytes as a block in a hostile file: every tag lies inside.
  TagsView(text).for_each([&](std::string_view tag) {
    PLASMITE_CHECK(tag.data() >= text.data() &&
                   tag.data() + tag.size() <= text.data() + text.size());
  });
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  plasmite::check_pool_ref(text);
  plasmite::check_follower_name(text);
  plasmite::check_time(text);
  plasmite::check_tags(text);
  return 0;
}
