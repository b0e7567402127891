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


class Bursts(JournaldTest):
    """Several journalds write at once, and nobody waits for them."""

    names = ("", "one", "two")

    def setUp(self):
        super().setUp()
        for name in self.names[1:]:
            self.journald.start(name)

    def burst(self):
        for _ in range(30):
            self.journald.send(MESSAGE=f"entry {self.sent}", NUMBER=self.sent, name=self.names[self.sent % 3])
            self.sent += 1

    def sync(self):
        for name in self.names:
            self.journald.sync(name)

    def assert_each_once_in_the_order_of_its_journald(self, pool):
        numbers = self.numbers(pool)
        self.assertEqual(sorted(numbers), list(range(self.sent)))
        for which in range(3):
            of_one = [number for number in numbers if number % 3 == which]
            self.assertEqual(of_one, sorted(of_one))
        self.assertEqual(self.gaps(pool), [])

    def test_a_running_reader_misses_none(self):
        process = self.start_intake("p", "--namespace", "*", "--start", "oldest")
        for _ in range(40):
            self.burst()
            self.sync()
        self.wait_for_numbers("p", self.sent)
        self.stop(process)
        self.assert_each_once_in_the_order_of_its_journald("p")

    def test_a_reader_that_is_killed_again_and_again_misses_and_repeats_none(self):
        for _ in range(8):
            process = self.start_intake("p", "--namespace", "*", "--start", "oldest")
            for _ in range(4):
                self.burst()
            process.kill()
            process.wait()
        self.sync()
        self.take_in("p", "--namespace", "*")
        self.assert_each_once_in_the_order_of_its_journald("p")

    def test_a_namespace_and_the_default_one(self):
        self.names = ("", "one", "")
        process = self.start_intake("p", "--namespace", "+one", "--start", "oldest")
        for _ in range(20):
            self.burst()
            self.sync()
        self.wait_for_numbers("p", self.sent)
        self.stop(process)
        self.assertEqual(sorted(self.numbers("p")), list(range(self.sent)))


class ComingAndGoing(JournaldTest):
    def checkpoints(self, pool):
        data = self.path(pool).read_bytes()[: 1 << 20]
        return {name for name in (b"journald", b"journald@one", b"journald@two") if name + b"\0" in data}

    def test_one_that_comes_while_the_reader_runs_is_taken_in_from_its_beginning(self):
        process = self.start_intake("p", "--namespace", "*", "--start", "now")
        self.journald.start("one")
        self.journald.send(MESSAGE="first", NUMBER=0, name="one")
        self.journald.sync("one")
        self.wait_for_numbers("p", 1)
        self.stop(process)
        self.assertEqual(self.checkpoints("p"), {b"journald", b"journald@one"})

    def test_one_that_comes_while_there_is_no_reader_is_taken_in_from_its_beginning(self):
        self.send()
        self.stop(self.start_intake("p", "--namespace", "*", "--start", "now"))
        self.journald.start("one")
        self.journald.send(MESSAGE="first", NUMBER=1, name="one")
        self.journald.sync("one")
        self.take_in("p", "--namespace", "*", "--start", "now")
        self.assertEqual(self.numbers("p"), [1])

    def test_now_is_the_now_of_all_that_are_there(self):
        self.journald.start("one")
        for name in ("", "one"):
            self.journald.send(MESSAGE="old", NUMBER=0, name=name)
            self.journald.sync(name)
        self.stop(self.start_intake("p", "--namespace", "*", "--start", "now"))
        for name in ("", "one"):
            self.journald.send(MESSAGE="new", NUMBER=1, name=name)
            self.journald.sync(name)
        self.take_in("p", "--namespace", "*")
        self.assertEqual(self.numbers("p"), [1, 1])

    def test_what_was_deleted_of_one_is_a_gap_with_its_number(self):
        self.journald.start("one")
        self.journald.send(MESSAGE="read", NUMBER=0, name="one")
        self.journald.sync("one")
        self.take_in("p", "--namespace", "*")
        for number in range(1, 5):
            self.journald.send(MESSAGE="lost", NUMBER=number, name="one")
        self.journald.sync("one")
        self.journald.rotate("one")
        self.journald.send(MESSAGE="kept", NUMBER=5, name="one")
        self.journald.sync("one")
        for path in self.journald.archived("one"):
            path.unlink()
        self.take_in("p", "--namespace", "*")
        self.assertEqual(self.numbers("p"), [0, 5])
        (gap,) = self.gaps("p")
        self.assertGreaterEqual(gap["count"], 4)

    def test_more_than_the_pool_remembers_are_an_error(self):
        self.send()
        (file,) = self.journald.files().glob("system.journal")
        for number in range(4):
            folder = self.journald.files(f"n{number}")
            folder.mkdir()
            (folder / "system.journal").write_bytes(file.read_bytes())
        result = self.inside("intake", "journald", "p", "--create", "--create-size", "64K", "--once",
                             "--namespace", "*", code=2)
        self.assertIn("more namespaces than the pool has checkpoints", self.error(result)["message"])


if __name__ == "__main__":
    unittest.main()
