// Plain tables: a header and rows, two spaces between columns, every column padded to its widest
// cell.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace plasmite {

using TableRow = std::vector<std::string>;

// Cells are foreign text: line ends in them are shown as \n and \r, and with `for_terminal`
// everything unprintable is escaped.
std::string format_table(const TableRow& header, const std::vector<TableRow>& rows,
                         bool for_terminal);

enum class Align : uint8_t { left, right };

struct Column {
  std::string title;
  Align align = Align::left;
};

// The same for people: unprintable characters escaped, numbers flush right, no blanks at the end of
// a line.
std::string format_columns(const std::vector<Column>& columns, const std::vector<TableRow>& rows);

}  // namespace plasmite
