"""The Debian packages: built, judged by lintian, looked into, and rcm's put in and taken away."""
import os
import re
import subprocess
from typing import NamedTuple

import pytest
from harness.daemon import ROOT, bin_folder


class Package(NamedTuple):
    name: str
    programs: tuple
    closed: tuple  # folders that are nobody's but root's
    needs: tuple
    scripts: tuple
    conffiles: tuple
    units: tuple
    files: tuple

    @property
    def all_files(self):
        return (*self.programs, *self.closed, *self.conffiles, *self.files, *shells(*self.programs),
                *(f"/usr/lib/systemd/system/{unit}" for unit in self.units),
                f"/usr/share/doc/{self.name}/copyright", f"/usr/share/doc/{self.name}/changelog.gz")


def shells(*programs):
    """What completes the programs that people type."""
    names = [program.rsplit("/", 1)[1] for program in programs if program.startswith("/usr/bin/")]
    return [path for name in names for path in (f"/usr/share/bash-completion/completions/{name}",
                                                f"/usr/share/zsh/vendor-completions/_{name}",
                                                f"/usr/share/fish/vendor_completions.d/{name}.fish")]


PLUGIN = "/usr/libexec/sudo/rcm_approval.so"
PACKAGES = (
    Package("redbutton-bin", ("/usr/sbin/redbuttond",), (),
            ("libc6", "libcurl4", "libsqlite3-0", "libmicrohttpd12", "libsystemd0"), (), (), (),
            ("/usr/share/man/man5/redbuttond.conf.5.gz", "/usr/share/man/man8/redbuttond.8.gz")),
    Package("redbutton", ("/usr/bin/redbutton", "/usr/libexec/redbutton/redbutton-runner"), ("/etc/redbutton/credentials/",),
            ("redbutton-bin (= ", "libc6", "libcurl4", "liblua5.4-0", "libseccomp2", "systemd-sysusers"),
            ("postinst", "prerm", "postrm"), ("/etc/redbutton/redbuttond.conf",),
            ("redbuttond.service", "redbuttond-local.socket", "redbuttond-control.socket", "redbuttond-gate.socket"),
            ("/usr/lib/sysusers.d/redbutton.conf", "/usr/share/man/man1/redbutton.1.gz",
             "/usr/share/man/man8/redbutton-runner.8.gz", "/usr/share/redbutton/library/zones.lua",
             "/usr/share/redbutton/plans/checkout-drain-zone.lua")),
    Package("rcm", ("/usr/bin/rcm", "/usr/bin/rcm-client"), ("/var/lib/rcm/recordings/",),
            ("redbutton-bin (= ", "libc6", "libcurl4", "libjansson4", "libsodium23", "systemd-sysusers"),
            ("postinst", "prerm", "postrm"), ("/etc/redbutton/gate.conf", "/etc/redbutton/rcm.conf"),
            ("redbutton-gate.service", "redbutton-gate.socket"),
            (PLUGIN, "/usr/lib/sysusers.d/redbutton-gate.conf", "/usr/share/man/man1/rcm.1.gz",
             "/usr/share/man/man1/rcm-client.1.gz", "/usr/share/man/man8/rcm_approval.8.gz",
             "/usr/share/doc/rcm/examples/sudo.conf", "/usr/share/doc/rcm/examples/sudoers",
             "/usr/share/doc/rcm/examples/sshd_config", "/usr/share/doc/rcm/rcm-sudo.md")),
)
each = pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)


def run(*words, **more):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=True,
                          env={**os.environ, "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": "1700000000"}, **more).stdout


def build(folder):
    """{name: file}"""
    run("cpack", "-G", "DEB", "-D", f"CPACK_OUTPUT_FILE_PREFIX={folder}", "-D", f"CPACK_PACKAGE_DIRECTORY={folder}",
        cwd=bin_folder().parent, umask=0o022)
    found = {path.name.split("_")[0]: path for path in folder.glob("*.deb")}
    assert sorted(found) == sorted(package.name for package in PACKAGES), found
    return found


@pytest.fixture(scope="module")
def debs(tmp_path_factory):
    return build(tmp_path_factory.mktemp("deb"))


@pytest.fixture(scope="module")
def listings(debs):
    """{name: {path: (mode, owner)}}"""
    return {name: {row[5].lstrip("."): (row[0], row[1])
                   for row in (line.split(None, 5) for line in run("dpkg", "-c", deb).splitlines())}
            for name, deb in debs.items()}


@pytest.fixture(scope="module")
def controls(debs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("control")
    for name, deb in debs.items():
        run("dpkg-deb", "-e", deb, folder / name)
    return {name: folder / name for name in debs}


def test_lintian_finds_nothing(debs):
    assert run("lintian", "--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0", *debs.values()) == ""


@each
def test_everything_is_in_it(listings, package):
    assert [path for path in package.all_files if path not in listings[package.name]] == []


def test_no_file_is_in_two(listings):
    files = [path for listing in listings.values() for path, (mode, _) in listing.items() if mode.startswith("-")]
    assert len(files) == len(set(files))


@each
def test_owners_and_modes_are_right(listings, package):
    listing = listings[package.name]
    assert {owner for _, owner in listing.values()} == {"root/root"}
    programs = {path for path, (mode, _) in listing.items() if mode.startswith("-") and "x" in mode}
    assert programs == set(package.programs)
    assert not [path for path, (mode, _) in listing.items() if "s" in mode or "w" in mode[4:]]
    assert {listing[path][0] for path in package.closed} <= {"drwx------"}


def test_the_plugin_is_a_file_that_only_root_changes(listings):
    assert listings["rcm"][PLUGIN] == ("-rw-r--r--", "root/root")


def test_only_the_daemon_is_started_and_nothing_of_sudo_and_sshd_is_touched(listings, controls):
    touched = ("/etc/sudo.conf", "/etc/sudoers", "/etc/ssh", "/etc/systemd")
    assert not [path for listing in listings.values() for path in listing if path.startswith(touched)]
    assert not re.search(r"deb-systemd-(?:helper enable|invoke (?:start|restart))", (controls["rcm"] / "postinst").read_text())


@each
def test_nothing_of_the_build_is_in_it(debs, package, tmp_path):
    run("dpkg-deb", "-x", debs[package.name], tmp_path)
    for program in (*package.programs, *([PLUGIN] if package.name == "rcm" else [])):
        assert str(ROOT).encode() not in (tmp_path / program[1:]).read_bytes(), f"{program} names the source tree"


@each
def test_the_control_file_names_what_is_needed(controls, package):
    control = controls[package.name]
    fields = dict(re.findall(r"^([\w-]+): (.*)$", (control / "control").read_text(), re.M))
    assert [name for name in package.needs if not re.search(rf"\b{re.escape(name)}\b", fields["Depends"])] == []
    conffiles = control / "conffiles"
    assert (conffiles.read_text().splitlines() if conffiles.exists() else []) == list(package.conffiles)
    assert fields["Description"] == (ROOT / f"packaging/debian/{package.name}/description").read_text().split("\n")[0]


def test_the_plugin_wants_a_sudo_that_it_knows(controls):
    assert "\nRecommends: sudo (>= 1.9.12)\n" in (controls["rcm"] / "control").read_text()


@each
def test_the_maintainer_scripts_are_programs(controls, package):
    found = {path.name for path in controls[package.name].iterdir()} - {"control", "conffiles", "md5sums"}
    assert found == set(package.scripts)
    for name in package.scripts:
        assert os.access(controls[package.name] / name, os.X_OK)
        run("sh", "-n", controls[package.name] / name)


@each
def test_maintainer_scripts_name_every_unit(controls, listings, package):
    units = {path.rsplit("/", 1)[1] for path in listings[package.name] if re.match(r"/usr/lib/systemd/system/.", path)}
    assert units == set(package.units)
    for name in package.scripts:
        assert [unit for unit in units if unit not in (controls[package.name] / name).read_text()] == []


def test_the_same_tree_gives_the_same_bytes(debs, tmp_path):
    again = build(tmp_path)
    assert [name for name in debs if again[name].read_bytes() != debs[name].read_bytes()] == []


# --- rcm put in and taken away, in a root of its own ---

class Root:
    def __init__(self, folder):
        self.folder = folder
        for name in ("info", "updates", "triggers"):
            (folder / "var/lib/dpkg" / name).mkdir(parents=True)
        (folder / "var/lib/dpkg/status").touch()
        (folder / "var/log").mkdir()
        self.sshd = self.folder / "etc/ssh/sshd_config.d"
        self.sshd.mkdir(parents=True)
        self.sudo_conf = folder / "etc/sudo.conf"
        self.plugin = folder / PLUGIN[1:]

    def dpkg(self, *words):
        """Scripts run here, told of the root; what systemd would do for them is not done."""
        tools = self.folder / "tools"
        tools.mkdir(exist_ok=True)
        for name in ("systemd-sysusers", "deb-systemd-helper", "deb-systemd-invoke", "systemctl"):
            (tools / name).write_text(f'#!/bin/sh\necho "{name} $*" >>{self.folder}/called\n')
            (tools / name).chmod(0o755)
        return subprocess.run(["dpkg", f"--root={self.folder}", f"--log={self.folder}/log", "--force-depends", "--force-unsafe-io",
                               "--force-script-chrootless", *map(str, words)], capture_output=True, text=True, timeout=60,
                              check=False, env={**os.environ, "LC_ALL": "C.UTF-8", "PATH": f"{tools}:{os.environ['PATH']}"})


@pytest.fixture
def installed(debs, tmp_path):
    root = Root(tmp_path / "root")
    done = root.dpkg("--install", *debs.values())
    assert done.returncode == 0 and root.plugin.exists(), done.stderr
    return root


EXAMPLES = ROOT / "packaging/rcm"
NAMING = {"as the example": (EXAMPLES / "sudo.conf").read_text(),
          "by its path, in other letters": "plugin  rcm_io /usr/libexec/sudo/rcm_approval.so socket=/run/g\n",
          "over two lines": "Plugin rcm_approval \\\n  rcm_approval.so\n"}


@pytest.mark.parametrize("lines", NAMING.values(), ids=NAMING)
@pytest.mark.parametrize("package", ["rcm", "redbutton"])
def test_removal_is_refused_while_sudo_would_refuse_everybody(installed, package, lines):
    installed.sudo_conf.write_text("Set disable_coredump false\n" + lines)
    done = installed.dpkg("--remove", package)
    assert done.returncode != 0 and "take the lines of rcm out of it" in done.stderr
    assert installed.plugin.exists() and (installed.folder / "usr/bin" / package).exists()
    assert "deb-systemd-invoke stop" not in (installed.folder / "called").read_text(), "before anything was stopped"


def test_the_daemon_goes_where_the_gate_asks_another(installed):
    installed.sudo_conf.write_text(NAMING["as the example"])
    wants = installed.folder / "etc/systemd/system/sockets.target.wants"
    wants.mkdir(parents=True)
    (wants / "redbutton-gate.socket").symlink_to("/usr/lib/systemd/system/redbutton-gate.socket")
    done = installed.dpkg("--remove", "redbutton")
    assert done.returncode == 0 and installed.plugin.exists(), done.stderr


def test_removal_is_refused_while_sshd_would_miss_rcm(installed):
    (installed.sshd / "rcm.conf").write_text((EXAMPLES / "sshd_config").read_text())
    done = installed.dpkg("--purge", "rcm")
    assert done.returncode != 0 and "ForceCommand of rcm" in done.stderr and installed.plugin.exists()


def test_an_upgrade_goes_on_while_sudo_names_the_plugin(installed, debs):
    installed.sudo_conf.write_text(NAMING["as the example"])
    done = installed.dpkg("--install", debs["rcm"], debs["redbutton"])
    assert done.returncode == 0 and installed.plugin.exists(), done.stderr


def test_what_is_not_in_use_is_removed_and_recordings_stay(installed):
    installed.sudo_conf.write_text("# Plugin rcm_approval rcm_approval.so\nPlugin sudoers_policy sudoers.so\n")
    (installed.sshd / "other.conf").write_text("#ForceCommand /usr/bin/rcm ssh\nForceCommand /usr/bin/rcmd ssh\n")
    recording = installed.folder / "var/lib/rcm/recordings/run.cast"
    recording.touch()
    done = installed.dpkg("--purge", "rcm")
    assert done.returncode == 0, done.stderr
    assert not installed.plugin.exists() and recording.exists() and "/var/lib/rcm/recordings was kept" in done.stderr
