#include "proxy/admin/table.h"

#include <gtest/gtest.h>

namespace sluice::admin {
namespace {

TEST(TableTest, ColumnsAreAsWideAsTheirWidestCell) {
  EXPECT_EQ(FormatTable({{"pool", "weight"}, {"checkout", "1"}, {"a", "10"}}),
            "pool      weight\ncheckout  1\na         10\n");
}

TEST(TableTest, WhatUtf8ContinuesTakesNoRoom) {
  EXPECT_EQ(FormatTable({{"a", "b"}, {"\xc3\xbc", "x"}}), "a  b\n\xc3\xbc  x\n");
}

TEST(TableTest, LinesEndWithTheirText) {
  EXPECT_EQ(FormatTable({{"a", "b"}, {"xyz", ""}}), "a    b\nxyz\n");
  EXPECT_EQ(FormatTable({}), "");
}

}  // namespace
}  // namespace sluice::admin
