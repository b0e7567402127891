#include "core/pool/record.h"

#include "core/base/utf8_check.h"

namespace plasmite {

namespace {

Error tag_error(std::string message, std::string hint) {
  return Error(ErrorKind::Usage, std::move(message)).with_hint(std::move(hint));
}

}  // namespace

Result<TagBlock> TagBlock::encode(const std::vector<std::string>& tags) {
  TagBlock block;
  if (tags.empty()) return block;
  if (tags.size() > kMaxTags) {
    return std::unexpected(tag_error("too many tags: " + std::to_string(tags.size()),
                                     "A record takes at most " + std::to_string(kMaxTags) + "."));
  }
  std::string& bytes = block.bytes_;
  bytes.assign(2, '\0');
  for (const std::string& tag : tags) {
    if (tag.size() > kMaxTagBytes) {
      return std::unexpected(
          tag_error("tag of " + std::to_string(tag.size()) + " bytes is too long",
                    "A tag has at most " + std::to_string(kMaxTagBytes) + " bytes."));
    }
    if (!is_utf8(tag)) {
      return std::unexpected(tag_error("tag is not UTF-8", "Tags are text in UTF-8."));
    }
    bytes += static_cast<char>(static_cast<unsigned char>(tag.size()));
    bytes += tag;
  }
  if (bytes.size() > kMaxTagBlockBytes) {
    return std::unexpected(
        tag_error("tags take " + std::to_string(bytes.size()) + " bytes together",
                  "All tags of a record take at most " + std::to_string(kMaxTagBlockBytes) +
                      " bytes, one of them for each tag and two for all."));
  }
  const size_t rest = bytes.size() - 2;
  bytes[0] = static_cast<char>(static_cast<unsigned char>(rest & 0xFF));
  bytes[1] = static_cast<char>(static_cast<unsigned char>(rest >> 8));
  return block;
}

}  // namespace plasmite
