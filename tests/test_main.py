import subprocess
import sys


def test_the_module_is_the_command_line():
    ran = subprocess.run([sys.executable, "-m", "skcmkd", "--version"], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("skcmkd ")
    ran = subprocess.run([sys.executable, "-m", "skcmkd", "--repeats", "1"], capture_output=True, text=True)
    assert ran.returncode == 2
    assert "at least 2 are needed" in ran.stderr
