import CLinux
import Glibc
import SystemPackage
public import Units

/// Room on the file system of the store.
public struct DiskSpace: Sendable, Hashable {
    /// For us; what is reserved for root is not counted.
    public var free: ByteCount
    public var total: ByteCount
    /// tmpfs or ramfs: each stored byte is a byte of memory of the cgroup that writes it.
    public var isMemory: Bool
}

extension SnapshotStore {
    public func diskSpace() throws(StoreError) -> DiskSpace {
        try naming("measure", path) { () throws(Errno) in
            var status = statfs()
            _ = try checked(fstatfs(directory.descriptor.rawValue, &status))
            // linux/magic.h: TMPFS_MAGIC, RAMFS_MAGIC.
            let memory = [0x0102_1994, 0x8584_58F6]
            let block = Int64(status.f_bsize)
            return DiskSpace(
                free: ByteCount(block * Int64(status.f_bavail)), total: ByteCount(block * Int64(status.f_blocks)),
                isMemory: memory.contains(Int(status.f_type)))
        }
    }
}
