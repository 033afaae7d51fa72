"""A container's files: mounts, links, permissions, and `cat` and `ls` over them."""

import errno
import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.world.node.container import Container
from app.world.node.programs.installed import is_aws_cli
from app.world.node.volumes.atomic_writer import AtomicWriter, Attributes, FileProjection, OwnedTree
from app.world.node.volumes.filesystem import FileSystem
from app.world.node.volumes.inodes import User
from app.world.node.volumes.mounts import Mount, mount_part
from app.world.node.volumes.scratch import ENTRY_BYTES, SCRATCH_BYTES
from tests.world.shells import simulated

NOW = 1795560735.0  # 2026-11-24T22:52:15Z
MOUNT = "/var/run/secrets/eks.amazonaws.com/serviceaccount"
TOKEN = f"{MOUNT}/token"


@pytest.fixture
def tree(tmp_path):
    return OwnedTree(tmp_path)


@pytest.fixture
def volume(tree):
    def write(mode=0o644, user=None, group=None, data=b"x" * 901):
        writer = AtomicWriter(tree, lambda: NOW)
        writer.write({"token": FileProjection(data=data, mode=mode, user=user)}, group=group)
        return tree

    return write


def container(tree, user=None, image="busybox:latest"):
    return Container(
        name="app",
        image=image,
        environment={"PATH": "/bin", "HOME": "/root"},
        files=FileSystem({MOUNT: Mount(tree=tree)}, user or User(), NOW),
        working_directory="/",
        command=(),
        network="pod",
        address="192.168.64.10",
        now=lambda: NOW,
    )


def test_busybox_lists_as_recorded_from_a_real_pod(volume):
    listing = container(volume()).run(["ls", "-la", MOUNT])
    data = next(name for name in os.listdir(volume().root) if name.startswith("..2026"))
    assert listing.stdout == (
        "total 4\n"
        "drwxrwxrwt    3 root     root           100 Nov 24 22:52 .\n"
        "drwxr-xr-x    3 root     root          4096 Nov 24 22:52 ..\n"
        f"drwxr-xr-x    2 root     root            60 Nov 24 22:52 {data}\n"
        f"lrwxrwxrwx    1 root     root    {len(data):10} Nov 24 22:52 ..data -> {data}\n"
        "lrwxrwxrwx    1 root     root            12 Nov 24 22:52 token -> ..data/token\n"
    )
    assert listing.exit_code == 0


def test_the_directory_that_a_link_leads_to_is_listed_as_itself(volume, monkeypatch):
    """`.` is the directory, `..` the one in which it is; no name in it costs the way there once more."""
    ways, resolve = [], FileSystem._resolve
    files = container(volume())
    monkeypatch.setattr(
        FileSystem, "_resolve", lambda self, path, **how: ways.append(path) or resolve(self, path, **how)
    )
    listing = files.run(["ls", "-la", f"{MOUNT}/..data/"])
    assert listing.stdout == (
        "total 4\n"
        "drwxr-xr-x    2 root     root            60 Nov 24 22:52 .\n"
        "drwxrwxrwt    3 root     root           100 Nov 24 22:52 ..\n"
        "-rw-r--r--    1 root     root           901 Nov 24 22:52 token\n"
    )
    assert set(ways) == {f"{MOUNT}/..data/"}
    assert len(ways) == 3  # what it is, its names, and what these are


def test_busybox_follows_links_and_prints_numbers(volume):
    listing = container(volume()).run(["ls", "-lLn", MOUNT])
    assert listing.stdout == "total 4\n-rw-r--r--    1 0        0              901 Nov 24 22:52 token\n"


def test_a_slash_at_the_end_follows_a_link_and_each_directory_has_its_heading(volume):
    assert container(volume()).run(["ls", "-la", f"{MOUNT}/..data"]).stdout.startswith("l")
    both = container(volume()).run(["ls", "-la", MOUNT, f"{MOUNT}/..data/"])
    own, data = (container(volume()).run(["ls", "-la", path]) for path in (MOUNT, f"{MOUNT}/..data/"))
    assert data.stdout.splitlines()[-1].endswith("901 Nov 24 22:52 token")
    assert both.stdout == f"{MOUNT}:\n{own.stdout}\n{MOUNT}/..data/:\n{data.stdout}"


def test_find_takes_links_for_links(volume):
    done = simulated(f"find {MOUNT} -type l; find {MOUNT} -type f", container(volume()))
    [data] = (name for name in os.listdir(volume().root) if name.startswith("..2026"))
    assert done.stdout.splitlines() == [f"{MOUNT}/..data", f"{MOUNT}/token", f"{MOUNT}/{data}/token"]


def test_coreutils_fits_its_columns(volume):
    listing = container(volume(), image="amazon/aws-cli:latest").run(["ls", "-lL", TOKEN])
    assert listing.stdout == f"-rw-r--r-- 1 root root 901 Nov 24 22:52 {TOKEN}\n"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ({"mode": 0o600, "user": 1000}, "-rw-------    1 1000     0              901"),
        ({"mode": 0o600, "user": 1000, "group": 2000}, "-rw-r-----    1 1000     2000           901"),
        ({"mode": 0o600, "group": 2000}, "-rw-r-----    1 0        2000           901"),
    ],
)
def test_owners_are_shown_as_recorded_from_real_pods(volume, written, shown):
    assert container(volume(**written)).run(["ls", "-lLn", TOKEN]).stdout.startswith(shown)


def test_names_alone_hide_what_begins_with_a_dot(volume):
    assert container(volume()).run(["ls", MOUNT]).stdout == "token\n"
    assert ".." not in container(volume()).run(["ls", "-A1", MOUNT]).stdout.split()


def test_a_time_long_past_shows_its_year(volume):
    late = Container(**{**vars(container(volume())), "now": lambda: NOW + 300 * 86400})
    assert late.run(["ls", "-lL", TOKEN]).stdout.split()[5:8] == ["Nov", "24", "2026"]


@pytest.mark.parametrize(
    ("user", "written", "readable"),
    [
        (User(), {"mode": 0o000}, True),
        (User(uid=1000), {"mode": 0o644}, True),
        (User(uid=1000), {"mode": 0o600}, False),
        (User(uid=1000), {"mode": 0o600, "user": 1000}, True),
        (User(uid=1001), {"mode": 0o600, "user": 1000}, False),
        (User(uid=1000, groups=frozenset({2000})), {"mode": 0o600, "group": 2000}, True),
        (User(uid=1000, gid=2000), {"mode": 0o600, "group": 2000}, True),
        (User(uid=1000), {"mode": 0o600, "group": 2000}, False),
    ],
)
def test_who_may_read_the_token(volume, user, written, readable):
    files = container(volume(**written), user).files
    if readable:
        assert files.open(TOKEN).read() == "x" * 901
    else:
        with pytest.raises(PermissionError) as caught:
            files.open(TOKEN)
        assert str(caught.value) == f"[Errno 13] Permission denied: '{TOKEN}'"


def test_who_may_list_a_directory_and_who_may_search_it(volume):
    assert container(volume()).files.listdir(f"{MOUNT}/..data") == ["token"]
    directories = {"/root": 0o700, "/searched": 0o711, "/read": 0o744}
    files = FileSystem({MOUNT: Mount(tree=volume())}, User(uid=1000), NOW, directories=directories)
    assert files.listdir("/read") == []
    for path, refused in (("/root", PermissionError), ("/searched", PermissionError), (TOKEN, NotADirectoryError)):
        with pytest.raises(refused):
            files.listdir(path)
    assert [inode.is_directory for inode in files.stat_all("/searched", ["."], follow=False)] == [True]
    with pytest.raises(PermissionError):
        files.stat_all("/read", ["."], follow=False)


def test_who_may_change_what_a_program_has_written():
    files = FileSystem({}, User(uid=1000), NOW, directories={"/tmp": 0o1777, "/srv": 0o755}, writable=["/"])
    own, other = User(uid=1000, groups=frozenset({2000})), User(uid=1001, groups=frozenset({2000}))
    files.write("/tmp/a", b"x")
    files.mkdir("/tmp/d")
    files.write("/tmp/d/x", b"")
    for user, call, arguments, number in (
        (own, files.write, ("/srv/a", b""), errno.EACCES),
        (own, files.write, ("/tmp", b""), errno.EISDIR),
        (other, files.write, ("/tmp/a", b""), errno.EACCES),
        (other, files.chmod, ("/tmp/a", 0o777), errno.EPERM),
        (own, files.chmod, ("/tmp", 0o777), errno.EPERM),
        (own, files.chmod, ("/tmp/b", 0o777), errno.ENOENT),
        (own, files.chown, ("/tmp/b", None, 2000), errno.ENOENT),
        (own, files.chown, ("/tmp/a", 1001, None), errno.EPERM),
        (own, files.chown, ("/tmp/a", None, 3000), errno.EPERM),
        (other, files.chown, ("/tmp/a", None, 2000), errno.EPERM),
        (own, files.mkdir, ("/tmp/a",), errno.EEXIST),
        (own, files.remove, ("/tmp/b",), errno.ENOENT),
        (own, files.remove, ("/tmp/d",), errno.ENOTEMPTY),
        (own, files.remove, ("/tmp",), errno.EBUSY),
        (other, files.remove, ("/tmp/d/x",), errno.EACCES),
    ):
        files.user = user
        with pytest.raises(OSError) as caught:  # noqa: PT011
            call(*arguments)
        assert caught.value.errno == number, (call, arguments)
    files.user = own
    files.chown("/tmp/a", 1000, 2000)
    files.chmod("/tmp/a", 0o640)
    inode = files.stat("/tmp/a")
    assert (inode.uid, inode.gid, inode.mode & 0o777, inode.content) == (1000, 2000, 0o640, b"x")


def test_a_file_that_is_not_there(volume):
    with pytest.raises(FileNotFoundError) as caught:
        container(volume()).files.open("/nope/token")
    assert str(caught.value) == "[Errno 2] No such file or directory: '/nope/token'"


@pytest.mark.parametrize(
    ("image", "command", "stderr", "code"),
    [
        ("busybox", ["cat", "/nope"], "cat: can't open '/nope': No such file or directory\n", 1),
        ("amazon/aws-cli", ["cat", "/nope"], "cat: /nope: No such file or directory\n", 1),
        ("busybox", ["cat", "/var"], "cat: read error: Is a directory\n", 1),
        ("amazon/aws-cli", ["cat", "/var"], "cat: /var: Is a directory\n", 1),
        ("busybox", ["ls", "/nope"], "ls: /nope: No such file or directory\n", 1),
        ("amazon/aws-cli", ["ls", "/nope"], "ls: cannot access '/nope': No such file or directory\n", 2),
        ("busybox", ["ls", "-Y"], "ls: unrecognized option: Y\n", 1),
        (
            "amazon/aws-cli",
            ["ls", "-Y"],
            "ls: invalid option -- 'Y'\nTry 'ls --help' for more information.\n",
            2,
        ),
    ],
)
def test_complaints_are_the_programs_own(volume, image, command, stderr, code):
    result = container(volume(), image=image).run(command)
    assert (result.stdout, result.stderr, result.exit_code) == ("", stderr, code)


_UNKNOWN = f"total 0\n?????????? ? ? ? ? {'?':>12} f\n"


@pytest.mark.parametrize(
    ("image", "arguments", "stdout", "stderr", "code"),
    [
        ("busybox", ["/root"], "", "ls: can't open '/root': Permission denied\n", 1),
        ("busybox", ["/root/x"], "", "ls: /root/x: Permission denied\n", 1),
        ("busybox", ["/read"], "", "ls: /read/f: Permission denied\n", 1),
        ("debian", ["/root"], "", "ls: cannot open directory '/root': Permission denied\n", 2),
        ("debian", ["/root/x"], "", "ls: cannot access '/root/x': Permission denied\n", 2),
        ("debian", ["/read"], "f\n", "", 0),
        ("debian", ["-lStR", "/read"], f"/read:\n{_UNKNOWN}", "ls: cannot access '/read/f': Permission denied\n", 1),
        ("debian", ["-l", "/read", "/x"], f"/read:\n{_UNKNOWN}", None, 2),
    ],
)
def test_what_may_not_be_searched_or_read_is_listed_as_far_as_it_may(tree, image, arguments, stdout, stderr, code):
    directories = {"/root": 0o700, "/read/f": 0o755, "/read": 0o744}
    files = FileSystem({}, User(uid=1000), NOW, directories=directories)
    result = replace(container(tree, image=image), files=files).run(["ls", *arguments])
    assert (result.stdout, result.exit_code) == (stdout, code)
    assert stderr in (None, result.stderr)


def test_a_program_that_the_image_has_not(volume):
    result = container(volume()).run(["curl", "x"])
    assert result.exit_code == 127
    assert 'exec: "curl": executable file not found in $PATH' in result.stderr


@pytest.mark.parametrize("path", ["/etc/passwd", f"{MOUNT}/../../../../../../../etc/passwd", "../../etc/passwd"])
def test_nothing_outside_the_mounts_is_there(volume, path):
    assert "No such file" in container(volume()).run(["cat", path]).stderr


def test_a_link_that_leads_out_of_the_volume_leads_nowhere(volume):
    tree = volume()
    (tree.root / "out").symlink_to("/etc/hostname")
    (tree.root / "loop").symlink_to("loop")
    files = container(tree).files
    with pytest.raises(FileNotFoundError):
        files.open(f"{MOUNT}/out")
    with pytest.raises(OSError, match="symbolic links") as caught:
        files.open(f"{MOUNT}/loop")
    assert caught.value.errno == errno.ELOOP
    with pytest.raises(OSError, match="name too long"):
        files.stat("/." * 3000)


def no_room(wanted):
    raise MemoryError(wanted)


def part_of(tree, sub_path):
    return mount_part(tree, sub_path, NOW, lambda _: None)


def test_a_long_path_looks_at_few_mounts(tree):
    class Mounts(dict):
        looked = 0

        def __contains__(self, path):
            Mounts.looked += 1
            return super().__contains__(path)

        def items(self):
            for item in super().items():
                Mounts.looked += 1
                yield item

    directories = {"/b": 0o755, "/work": 0o777}
    files = FileSystem(
        {f"/m/{number}": Mount(tree=tree) for number in range(100)}, User(), NOW, directories=directories
    )
    files._mounts = Mounts(files._mounts)
    assert files.stat("/b/.." * 300 + "/m/7/../7/..").is_directory
    assert 0 < Mounts.looked < 3 * 40  # and at those of each name once
    assert files.real("/../b/../../m/./7/..") == "/m"


def test_a_part_of_a_volume_stays_what_it_was_when_it_was_mounted(tree):
    writer = AtomicWriter(tree, lambda: NOW)
    writer.write({"a": FileProjection(data=b"old", mode=0o600, user=7), "d/b": FileProjection(data=b"x", mode=0o644)})
    mounts = {"/etc/a": part_of(tree, "a"), "/etc/d": part_of(tree, "d"), "/all": part_of(tree, ".")}
    files = FileSystem(mounts, User(), NOW)
    assert [files.read(path) for path in ("/etc/a", "/etc/d/b", "/all/a")] == [b"old", b"x", b"old"]
    assert [files.stat(path).links for path in ("/etc/a", "/etc")] == [1, 3]
    writer.write({"a": FileProjection(data=b"new", mode=0o644), "d/b": FileProjection(data=b"y", mode=0o644)})
    assert [files.read(path) for path in ("/etc/a", "/all/a", "/all/d/b")] == [b"old", b"new", b"y"]
    node = files.stat("/etc/a")
    assert (node.mode & 0o777, node.uid, node.size, node.links) == (0o600, 7, 3, 0)
    # The kubelet has removed the old directory with what was in it.
    assert (files.listdir("/etc"), files.listdir("/etc/d")) == (["a", "d"], [])


def test_a_long_part_is_refused_before_the_disk_is_asked(tree, monkeypatch):
    monkeypatch.setattr("os.path.realpath", no_room)
    for path in ("a/" * 2049, "./" * 2049 + "a", "n" * 256):
        with pytest.raises(OSError, match="name too long"):
            part_of(tree, path)


def test_the_names_of_an_image_are_bounded_and_counted(tree):
    plain = FileSystem({}, User(), NOW).size
    part = part_of(tree, "")
    mounts = {"/a/b": part, "/a/c/": part}
    assert FileSystem(mounts, User(), NOW, directories={"/a/b": 0o755}).size == plain + 3 * ENTRY_BYTES + 10
    for path in ("/a" * 2049, "/" + "n" * 256):
        with pytest.raises(OSError, match="name too long"):
            FileSystem({path: part}, User(), NOW)
    with pytest.raises(OSError, match="No space left"):
        FileSystem({"/a" * 2000: part}, User(), NOW)
    with pytest.raises(OSError, match="No space left"):
        FileSystem({f"/{number:03}": part for number in range(SCRATCH_BYTES // (ENTRY_BYTES + 4) + 1)}, User(), NOW)


def test_a_part_that_is_not_there_becomes_a_directory_of_the_volume(tree):
    AtomicWriter(tree, lambda: NOW).write({"a": FileProjection(data=b"", mode=0o644)})
    tree.own(tree.root, Attributes(mode=0o3770, gid=5))
    mounts = {"/one": part_of(tree, "x/y"), "/all": part_of(tree, "")}
    files = FileSystem(mounts, User(), NOW, writable=["/one"])
    assert [files.stat(path).mode & 0o7777 for path in ("/one", "/all/x")] == [0o2770] * 2
    made = files.stat("/all/x/y")
    assert (made.uid, made.gid) == (0, 5)
    part_of(tree, "x/z")
    assert (files.listdir("/all/x"), files.stat("/all/x/y")) == (["y", "z"], made)
    files.write("/one/f", b"z")
    with pytest.raises(NotADirectoryError):
        part_of(tree, "x/y/f/g")
    part_of(tree, "n" * 255)
    with pytest.raises(OSError) as caught:  # noqa: PT011
        part_of(tree, "n" * 256)
    assert caught.value.errno == errno.ENAMETOOLONG
    with pytest.raises(MemoryError):
        mount_part(tree, "p/q", NOW, no_room)
    assert (files.read("/all/x/y/f"), files.listdir("/one")) == (b"z", ["f"])
    with pytest.raises(OSError) as caught:  # noqa: PT011
        files.remove("/one")
    assert caught.value.errno == errno.EBUSY
    later = FileSystem({"/f": part_of(tree, "x/y/f")}, User(), NOW)
    files.remove("/one/f")
    assert later.read("/f") == b"z"
    for inside_a_file in ("a/b", "..data/a/b"):
        with pytest.raises(NotADirectoryError):
            part_of(tree, inside_a_file)


@given(words=st.lists(st.text(max_size=30), max_size=4), program=st.sampled_from(["cat", "ls"]))
def test_any_arguments_get_an_answer(tmp_path_factory, words, program):
    tree = OwnedTree(tmp_path_factory.mktemp("volume"))
    for image in ("busybox", "amazon/aws-cli"):
        result = container(tree, image=image).run([program, *words])
        assert result.exit_code in (0, 1, 2, 127)


@pytest.mark.parametrize(
    ("image", "is_cli"),
    [
        ("amazon/aws-cli:latest", True),
        ("public.ecr.aws/aws-cli/aws-cli", True),
        ("public.ecr.aws/aws-cli/aws-cli:2.34.0@sha256:abc", True),
        ("localhost:5000/aws-cli", True),
        ("busybox", False),
        ("aws-cli/busybox", False),
        ("my-aws-cli", False),
    ],
)
def test_which_images_hold_the_cli(image, is_cli):
    assert is_aws_cli(image) is is_cli
