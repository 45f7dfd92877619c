import CLinux
import Glibc

/// Whether a process of this user could make a file in `directory`, which may lead through /proc/PID/root.
///
/// By mode bits of the directory and of all directories above it, and by read-only mounts. `capabilities` (CapEff of the process) with
/// CAP_DAC_OVERRIDE pass over mode bits; nil: user 0 has it. Limits: POSIX ACLs, quotas, immutable flags, security modules, root squashing
/// of NFS, and the directories above a symbolic link's target are not looked at. False when the directory does not exist.
public func canWrite(directory: String, asUser uid: UInt32, groups: [UInt32], capabilities: UInt64? = nil) -> Bool {
    guard let facts = try? FileSystemFacts.at(directory), !facts.readOnly else { return false }
    let overrides = capabilities.map { $0 >> capDacOverride & 1 == 1 } ?? (uid == 0)
    func allows(_ path: String, _ wanted: UInt32) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return false }
        if overrides { return true }
        // Only the first class that fits counts: an owner without w may not write, whatever the others may. path_resolution(7).
        let shift: UInt32 = status.st_uid == uid ? 6 : groups.contains(status.st_gid) ? 3 : 0
        return status.st_mode >> shift & wanted == wanted
    }
    let search: UInt32 = 1, write: UInt32 = 2
    guard allows(directory, write | search) else { return false }
    let components = directory.split(separator: "/").dropLast()
    return components.indices.allSatisfy { allows("/" + components[...$0].joined(separator: "/"), search) } && allows("/", search)
}

/// linux/capability.h.
private let capDacOverride: UInt64 = 1
