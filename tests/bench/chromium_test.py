"""The pipe to Chromium: messages come whole, whatever pieces they came in."""

import os
import unittest

import support  # noqa: F401

from rig import Trouble, chromium


class PipeTest(unittest.TestCase):
    def setUp(self):
        reads, self.its_end = os.pipe()
        self.its_ears, writes = os.pipe()
        self.pipe = chromium.Pipe(reads, writes)
        self.addCleanup(self.pipe.close)
        self.addCleanup(os.close, self.its_ears)

    def test_a_message_ends_with_a_zero_byte(self):
        self.pipe.send({"id": 1, "method": "Page.enable"})
        self.assertEqual(os.read(self.its_ears, 1000), b'{"id": 1, "method": "Page.enable"}\0')
        os.close(self.its_end)

    def test_messages_in_pieces_and_two_in_one_are_read_one_by_one(self):
        os.write(self.its_end, b'{"id": ')
        self.assertIsNone(self.pipe.receive(0.01))
        os.write(self.its_end, b'1}\0{"id": 2}\0')
        self.assertEqual(self.pipe.receive(1), {"id": 1})
        self.assertEqual(self.pipe.receive(0), {"id": 2})
        self.assertIsNone(self.pipe.receive(0))
        os.close(self.its_end)

    def test_an_end_of_chromium_is_told(self):
        os.close(self.its_end)
        with self.assertRaisesRegex(Trouble, "has gone"):
            self.pipe.receive(1)


if __name__ == "__main__":
    unittest.main()
