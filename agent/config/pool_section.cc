#include "agent/config/config_draft.h"
#include "agent/config/config_names.h"

namespace plasmite {

Placed<PoolConfig> read_pool(TableReader& table, std::string name) {
  Placed<PoolConfig> out{.part = {.name = std::move(name)},
                         .place = table.place(),
                         .path = table.path(),
                         .keys = table.places()};
  PoolConfig& pool = out.part;
  constexpr uint64_t kDefaultBytes = 64ull << 20;
  pool.size_bytes = kDefaultBytes;
  const std::string why = why_no_name(pool.name);
  if (!why.empty()) table.problem_here(why, kNameFix);
  // "a" and "a.plasmite" would be one file.
  if (pool.name.ends_with(".plasmite"))
    table.problem_here("a name that ends in .plasmite", "Leave that out: the file gets it anyway.");
  table.read_size("size", pool.size_bytes, {kMinPoolBytes, kMaxPoolBytes, "64K to 16T"});
  table.read_word<Durability>(
      "durability", {{"fast", Durability::fast}, {"flush", Durability::flush}}, pool.durability);
  table.read_string("group", pool.group);
  table.refuse_unknown_keys();
  return out;
}

}  // namespace plasmite
