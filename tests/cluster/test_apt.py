"""apt-get and dpkg are scripts here; what they are told, and what is there while they run, is what counts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cluster import apt, path
from cluster.errors import ClusterError
from tests.cluster.fakes import Programs

SIMULATED = """
case "$*" in *--simulate*)
    echo "Inst tini (0.19.0 Debian:12 [amd64])"
    echo "Inst docker.io (20.10 Debian:12 [amd64])"
    echo "Conf docker.io (20.10 Debian:12 [amd64])"
    exit 0
esac
"""
FILES = """
[ "$1" = -L ] && [ "$2" = docker.io ] && printf '%s\\n' /usr/bin/dockerd /lib/systemd/system/docker.service \\
    /lib/systemd/system/docker.socket /usr/lib/systemd/system/docker@.service /etc/init.d/docker
"""
ENABLED = '[ "$1" = is-enabled ] && [ "$2" = docker.service ] && echo enabled'


class Machine(Programs):
    """A Debian machine: its programs, and the files of its apt."""

    @property
    def places(self) -> apt.Places:
        root = self.folder.parent
        return apt.Places(
            policy=root / "policy-rc.d",
            journal=root / "cache" / "apt.json",
            mutex=root / "mutex",
            lists=root / "lists",
            locks=(root / "lock",),
            systemd=root / "systemd",
        )

    def install(self) -> list[str]:
        return apt.install(["docker.io"], self.say, self.places)

    def say(self, line: str) -> None:
        with self.notes.open("a") as notes:
            notes.write(f"say {line}\n")

    @property
    def tidy(self) -> bool:
        return not self.places.policy.exists() and not self.places.journal.parent.exists()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path / "bin")
    machine.folder.mkdir()
    machine.places.lists.mkdir()
    (machine.places.lists / "mirror_main_Packages").touch()
    monkeypatch.setenv("PATH", str(machine.folder))
    monkeypatch.setattr(path, "SBIN", ())
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    machine.add("apt-get", SIMULATED + f'[ -x {machine.places.policy} ] && echo "no service starts" >> "$CALLS"')
    machine.add("dpkg", FILES)
    machine.add("systemctl", ENABLED)
    return machine


def test_packages_come_in_and_no_service_is_left(machine: Machine) -> None:
    assert machine.install() == ["tini", "docker.io"]
    order = [call.split()[0] + " " + call.split()[1] for call in machine.calls]
    assert order[:4] == ["apt-get --simulate", "say installing", "apt-get install", "no service"]
    assert machine.calls[1] == "say installing with apt-get: tini docker.io"
    assert {"--no-remove", "--no-upgrade", "--no-install-recommends"} <= set(machine.calls[2].split())
    assert "systemctl disable docker.service" in machine.calls
    assert machine.tidy


def test_services_are_stopped_too_where_systemd_runs(machine: Machine) -> None:
    machine.places.systemd.mkdir()
    machine.install()
    assert "systemctl disable --now docker.service" in machine.calls


def test_without_systemd_services_are_disabled_all_the_same(machine: Machine) -> None:
    (machine.folder / "systemctl").unlink()
    machine.add("deb-systemd-helper")
    machine.add("update-rc.d")
    machine.install()
    assert "deb-systemd-helper disable docker.service" in machine.calls
    assert "deb-systemd-helper disable docker.socket" in machine.calls
    assert "update-rc.d docker disable" in machine.calls


def test_a_policy_of_the_machine_stays(machine: Machine) -> None:
    machine.places.policy.write_text("#!/bin/sh\nexit 101\n")
    machine.install()
    assert machine.places.policy.read_text() == "#!/bin/sh\nexit 101\n"


@pytest.mark.parametrize(
    ("line", "harm"),
    [
        ("Remv docker-ce [5:27.0]", "remove docker-ce"),
        ("Inst runc [1.0] (1.1 Debian:12 [amd64])", "replace runc"),
    ],
)
def test_nothing_installed_is_removed_or_replaced(machine: Machine, line: str, harm: str) -> None:
    machine.add("apt-get", f"echo '{line}'; echo 'Inst docker.io (20.10 Debian:12 [amd64])'")
    with pytest.raises(ClusterError, match=f"would {harm}"):
        machine.install()
    assert [call for call in machine.calls if call.startswith("apt-get") and "--simulate" not in call] == []
    assert machine.tidy


@pytest.mark.parametrize("age", [None, 30 * 3600])
def test_lists_that_are_missing_or_old_are_fetched_first(machine: Machine, age: int | None) -> None:
    if age is None:
        (machine.places.lists / "mirror_main_Packages").unlink()
    else:
        os.utime(machine.places.lists, (time.time() - age,) * 2)
    machine.install()
    assert machine.calls[0].startswith("say fetching the package lists")
    assert machine.calls[1].startswith("apt-get update")


def test_an_unknown_package_is_looked_for_in_new_lists(machine: Machine) -> None:
    machine.add(
        "apt-get",
        f'[ "$1" = update ] && exec /bin/touch {machine.folder}/new\n'
        f"[ -e {machine.folder}/new ] || {{ echo 'E: Unable to locate package docker.io'; exit 100; }}" + SIMULATED,
    )
    assert machine.install() == ["tini", "docker.io"]


def test_a_package_that_nobody_has_is_an_error(machine: Machine) -> None:
    machine.add("apt-get", "[ $1 = update ] && exit 0; echo 'E: Unable to locate package docker.io'; exit 100")
    with pytest.raises(ClusterError, match="Unable to locate package docker"):
        machine.install()
    assert machine.tidy


def test_a_file_gone_from_the_mirror_is_fetched_by_new_lists(machine: Machine) -> None:
    machine.add(
        "apt-get",
        f'[ "$1" = update ] && exec /bin/touch {machine.folder}/new\n'
        + SIMULATED
        + f"[ -e {machine.folder}/new ] || {{ echo 'E: Failed to fetch http://mirror/d.deb 404'; exit 100; }}",
    )
    assert machine.install() == ["tini", "docker.io"]
    assert machine.tidy


def test_a_failed_installation_says_why_and_cleans_up(machine: Machine) -> None:
    machine.add("apt-get", SIMULATED + "echo Reading; echo 'E: You do not have enough free space'; exit 100")
    with pytest.raises(ClusterError, match="enough free space"):
        machine.install()
    assert "systemctl disable docker.service" in machine.calls
    assert machine.tidy


@pytest.mark.timeout(30)
def test_what_a_killed_installation_left_is_finished_by_the_next_run(machine: Machine) -> None:
    # apt-get kills who called it, goes on for a while, and is waited for all the same.
    machine.add("apt-get", SIMULATED + '/bin/kill -9 $PPID; /bin/sleep 0.7; echo "apt-get ends" >> "$CALLS"')
    program = (
        f"from cluster import apt; from pathlib import Path\napt.install(['docker.io'], print, apt.{machine.places})"
    )
    program = program.replace("PosixPath", "Path")
    killed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert killed.returncode == -9, killed.stderr
    assert machine.places.policy.exists()
    assert json.loads(machine.places.journal.read_text()) == {"packages": ["tini", "docker.io"]}

    apt.recover(machine.say, machine.places)
    calls = machine.calls[machine.calls.index("apt-get ends") :]
    assert calls.index("dpkg --configure -a --force-confold") < calls.index("systemctl disable docker.service")
    assert machine.tidy
    apt.recover(machine.say, machine.places)
    assert calls == machine.calls[machine.calls.index("apt-get ends") :]
