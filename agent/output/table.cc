#include "agent/output/table.h"

#include <algorithm>

#include "agent/output/terminal_text.h"

namespace plasmite {
namespace {

std::string on_one_line(const std::string& cell) {
  std::string out;
  for (const char c : cell) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string format_table(const TableRow& header, const std::vector<TableRow>& rows,
                         bool for_terminal) {
  std::vector<TableRow> lines = {header};
  lines.insert(lines.end(), rows.begin(), rows.end());
  std::vector<size_t> widths(header.size(), 0);
  for (TableRow& line : lines) {
    for (size_t column = 0; column < line.size(); ++column) {
      line[column] = for_terminal ? escape_for_terminal(line[column]) : on_one_line(line[column]);
      widths[column] = std::max(widths[column], display_width(line[column]));
    }
  }
  std::string text;
  for (const TableRow& line : lines) {
    for (size_t column = 0; column < line.size(); ++column) {
      if (column > 0) text += "  ";
      text += line[column];
      text.append(widths[column] - display_width(line[column]), ' ');
    }
    text += '\n';
  }
  return text;
}

std::string format_columns(const std::vector<Column>& columns, const std::vector<TableRow>& rows) {
  std::vector<TableRow> lines = {{}};
  for (const Column& column : columns) lines.front().push_back(column.title);
  lines.insert(lines.end(), rows.begin(), rows.end());
  std::vector<size_t> widths(columns.size(), 0);
  for (TableRow& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) {
      line[i] = escape_for_terminal(line[i]);
      widths[i] = std::max(widths[i], display_width(line[i]));
    }
  }
  std::string text;
  for (const TableRow& line : lines) {
    std::string shown;
    for (size_t i = 0; i < line.size(); ++i) {
      const std::string padding(widths[i] - display_width(line[i]), ' ');
      if (i > 0) shown += "  ";
      shown += columns[i].align == Align::right ? padding + line[i] : line[i] + padding;
    }
    shown.erase(shown.find_last_not_of(' ') + 1);
    text += shown + "\n";
  }
  return text;
}

}  // namespace plasmite
