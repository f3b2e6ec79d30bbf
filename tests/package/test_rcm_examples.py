"""What an operator copies: the lines for sudo.conf, sudoers and sshd, judged by those who read them."""
import re
import subprocess

import pytest
from harness.daemon import ROOT, environment

EXAMPLES = ROOT / "packaging/rcm"


def run(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=30, check=False,
                          env=environment())


def plugin_lines(text):
    return re.findall(r"^ *(Plugin .+)$", text, re.M)


def test_visudo_understands_the_sudoers():
    done = run("visudo", "-cf", EXAMPLES / "sudoers")
    assert done.returncode == 0, done.stderr


def test_sudo_conf_is_what_the_documents_say():
    lines = plugin_lines((EXAMPLES / "sudo.conf").read_text())
    assert lines == plugin_lines((ROOT / "docs/rcm-sudo.md").read_text())
    assert lines == plugin_lines((ROOT / "packaging/man/rcm_approval.8.in").read_text())


def test_sudo_conf_has_each_line_that_the_doctor_wants():
    wanted = re.search(r"needed\[\] = {(.*?)};", (ROOT / "change/sudo/doctor_conf.c").read_text(), re.S)[1]
    assert [line.split()[1] for line in plugin_lines((EXAMPLES / "sudo.conf").read_text())] == re.findall(r'"(\w+)"', wanted)


@pytest.fixture
def effective(tmp_path):
    """effective("User root"): what holds for root when the lines are for those."""
    key, config = tmp_path / "key", tmp_path / "sshd_config"
    assert run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).returncode == 0

    def ask(whom):
        text = (EXAMPLES / "sshd_config").read_text()
        assert text.count("Match Group rcm") == 1
        config.write_text(f"HostKey {key}\n" + text.replace("Match Group rcm", f"Match {whom}"))
        done = run("/usr/sbin/sshd", "-T", "-f", config, "-C", "user=root,host=h,addr=127.0.0.1")
        assert done.returncode == 0, done.stderr
        return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)

    return ask


CLOSED = ("allowtcpforwarding", "allowstreamlocalforwarding", "allowagentforwarding", "x11forwarding", "permittunnel",
          "permituserrc", "permituserenvironment")


def test_sshd_forces_rcm_upon_those_it_is_for(effective):
    said = effective("User root")
    assert said["forcecommand"] == "/usr/bin/rcm ssh"
    assert {name: said[name] for name in CLOSED} == dict.fromkeys(CLOSED, "no")


def test_sshd_leaves_others_alone(effective):
    assert effective("User somebody-else")["forcecommand"] == "none"
