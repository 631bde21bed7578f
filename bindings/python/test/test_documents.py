"""The programs of the README and of docs/python.md do what is said there."""
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from support import CAP

ROOT = pathlib.Path(__file__).resolve().parents[3]


def program(document: str, holding: str) -> str:
    """The block of Python in that document that has this text."""
    blocks = re.findall(r'```python\n(.*?)```', (ROOT / document).read_text(), re.S)
    return next(block for block in blocks if holding in block)


class Documents(unittest.TestCase):
    def run_program(self, text: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / 'program.py'
            path.write_text(text)
            ran = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=CAP, cwd=folder)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return ran.stdout

    def test_readme(self) -> None:
        said = self.run_program(program('README.md', 'def half'))
        for part in ('SIGABRT', '0.5\n1.0\n1.5\n'):
            self.assertIn(part, said)

    def test_first_program(self) -> None:
        said = self.run_program(program('docs/python.md', '# squares.py'))
        self.assertEqual(said, '49\n[0, 1, 4, 9, 16, 25, 36, 49, 64, 81]\n')
