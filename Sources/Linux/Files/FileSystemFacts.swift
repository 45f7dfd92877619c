import CLinux
import Glibc
import SystemPackage
public import Units

/// What the file system of a directory can do, statfs(2).
public struct FileSystemFacts: Sendable, Hashable {
    /// `ext4` also for ext2 and ext3, which share its number; `0x...` when unknown to us.
    public var typeName: String
    /// What an unprivileged process may still fill.
    public var available: ByteCount
    public var readOnly: Bool
    public var noExec: Bool

    /// Files there count as memory of whoever wrote them.
    public var isMemory: Bool { typeName == "tmpfs" || typeName == "ramfs" }
    /// inotify sees all changes: not those that other machines, a FUSE server or another layer of an overlay make. Unknown types: no.
    public var hasInotify: Bool { Self.local.contains(typeName) || typeName == "ramfs" || typeName == "vfat" }
    /// O_TMPFILE and a later linkat(2) work.
    public var hasUnnamedFiles: Bool { Self.local.contains(typeName) }

    private static let local: Set = ["ext4", "xfs", "btrfs", "tmpfs", "f2fs", "zfs", "bcachefs"]

    /// nil: no such file or directory. Follows symbolic links.
    public static func at(_ path: String) throws(KernelError) -> FileSystemFacts? {
        var facts = statfs()
        guard statfs(path, &facts) == 0 else {
            if Errno.last.meansGone { return nil }
            throw KernelError("look at the file system of", path, .last)
        }
        return FileSystemFacts(
            typeName: typeName(UInt32(truncatingIfNeeded: facts.f_type)),
            available: ByteCount(clamping: UInt64(facts.f_bavail) * UInt64(facts.f_frsize > 0 ? facts.f_frsize : facts.f_bsize)),
            readOnly: facts.f_flags & 1 != 0, noExec: facts.f_flags & 8 != 0)  // ST_RDONLY, ST_NOEXEC
    }

    /// Numbers: linux/magic.h and the file systems' own headers.
    private static func typeName(_ magic: UInt32) -> String {
        switch magic {
        case 0xef53: "ext4"
        case 0x0102_1994: "tmpfs"
        case 0x8584_58f6: "ramfs"
        case 0x5846_5342: "xfs"
        case 0x9123_683e: "btrfs"
        case 0xf2f5_2010: "f2fs"
        case 0x2fc1_2fc1: "zfs"
        case 0xca45_1a4e: "bcachefs"
        case 0x794c_7630: "overlayfs"
        case 0x6969: "nfs"
        case 0xff53_4d42: "cifs"
        case 0xfe53_4d42: "smb2"
        case 0x6573_5546: "fuse"
        case 0x0102_1997: "9p"
        case 0x00c3_6400: "ceph"
        case 0x4d44: "vfat"
        case 0x9fa0: "proc"
        case 0x6265_6572: "sysfs"
        case 0x0027_e0eb: "cgroup"
        case 0x6367_7270: "cgroup2"
        default: "0x" + String(magic, radix: 16)
        }
    }
}
