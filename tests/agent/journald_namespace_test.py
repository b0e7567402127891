"""intake journald: journals of other namespaces."""

import unittest

from journald_harness import JournaldTest


class Namespaces(JournaldTest):
    def setUp(self):
        super().setUp()
        self.journald.start("one")
        self.journald.start("two")
        for name in ("", "one", "two"):
            self.journald.send(MESSAGE=f"in {name or 'none'}", TEST="yes", name=name)
            self.journald.sync(name)

    def chosen(self, pool, *options):
        self.take_in(pool, "--match", "TEST=yes", *options)
        return sorted(self.texts(pool))

    def test_by_default_there_is_only_the_default_one(self):
        self.assertEqual(self.chosen("p"), ["in none"])

    def test_one(self):
        self.assertEqual(self.chosen("p", "--namespace", "one"), ["in one"])
        self.assertEqual(self.records("p")[0]["_NAMESPACE"], "one")

    def test_one_and_the_default_one(self):
        self.assertEqual(self.chosen("p", "--namespace", "+two"), ["in none", "in two"])

    def test_all(self):
        self.assertEqual(self.chosen("p", "--namespace", "*"), ["in none", "in one", "in two"])

    def test_several_into_one_pool_go_on_where_each_of_them_was(self):
        for name in ("one", "two"):
            self.take_in("p", "--match", "TEST=yes", "--namespace", name, "--name", name)
        self.journald.send(MESSAGE="more in one", TEST="yes", name="one")
        self.journald.sync("one")
        for name in ("one", "two"):
            self.take_in("p", "--match", "TEST=yes", "--namespace", name, "--name", name)
        self.assertEqual(self.texts("p"), ["in one", "in two", "more in one"])

    def test_all_of_them_under_a_reader(self):
        process = self.start_intake("p", "--match", "TEST=yes", "--namespace", "*", "--start", "oldest")
        for number in range(30):
            name = ("", "one", "two")[number % 3]
            self.journald.send(MESSAGE=f"entry {number}", TEST="yes", NUMBER=number, name=name)
            self.journald.sync(name)
            if number == 15:
                self.journald.rotate("one")
        self.wait_for_numbers("p", 30)
        self.assertEqual(self.stop(process)["gaps"], 0)
        self.assertEqual(sorted(self.numbers("p")), list(range(30)))


if __name__ == "__main__":
    unittest.main()
