"""The JSON file."""

import unittest

from support import document, record

from rig import Trouble
from rig import record as file


class RecordTest(unittest.TestCase):
    def test_what_is_written_is_read_again(self):
        doc = document([record("sluice", 9.0), record("nginx", 10.0, errors={"read": 1})])
        self.assertEqual(file.from_text(file.to_text(doc), "it"), doc)
        empty = document([])
        self.assertEqual(file.from_text(file.to_text(empty), "it"), empty)

    def test_each_measurement_is_a_line_for_the_diff(self):
        lines = file.to_text(document([record("sluice", 9.0), record("nginx", 10.0)])).splitlines()
        self.assertEqual(sum('"cpu_us"' in line for line in lines), 2)

    def test_other_files_are_refused_by_name(self):
        stranger = document([record("sluice", 9.0, row="teapots")])
        for text, complaint in (("{", "it is not JSON"), ("[]", "not written by"),
                                ('{"format": 99}', "not written by"),
                                (file.to_text(stranger), "teapots")):
            with self.assertRaisesRegex(Trouble, complaint):
                file.from_text(text, "it")

    def test_the_processor_is_named_where_it_has_a_name(self):
        self.assertEqual(file.cpu_model("processor\t: 0\nmodel name\t: A  Good\tOne\n"),
                         "A Good One")
        self.assertNotEqual(file.cpu_model("processor\t: 0\n"), "")

    def test_a_floor_has_a_title_without_a_version(self):
        self.assertEqual(list(file.titles(document([])).values()),
                         ["sluice 0.1.0", "nginx 1.22.1", "relay"])


if __name__ == "__main__":
    unittest.main()
