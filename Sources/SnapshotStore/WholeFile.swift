import Glibc
public import SystemPackage

/// A file of somebody's choice (0600) that appears when it is whole; what stood there before stays until then.
public enum WholeFile {
    /// - Parameter body: writes it.
    /// - Throws: `StoreError.alreadyExists` unless `replacing`; `badName`, `write`; what `body` throws, and then there is no file.
    public static func write(at output: String, replacing: Bool = false, _ body: (FileDescriptor) throws -> Void) throws {
        try write(at: output, replacing: replacing, allowUnnamed: true, body)
    }

    static func write(at output: String, replacing: Bool, allowUnnamed: Bool, _ body: (FileDescriptor) throws -> Void) throws {
        let (parent, name) = splitPath(output)
        if name.isEmpty || name == "." || name == ".." { throw StoreError.badName(output) }
        do {
            let directory = try Directory.open(parent)
            // Told now rather than after a gigabyte; the link below decides.
            if !replacing, faccessat(directory.descriptor.rawValue, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 { throw Errno.fileExists }
            let file = try StagedFile(in: directory, replacing: replacing, allowUnnamed: allowUnnamed)
            try body(file.descriptor)
            try file.sync()
            try file.link(as: name, replacing: replacing)
            try directory.sync()
        } catch let error as Errno {
            throw error == .fileExists ? StoreError.alreadyExists(path: output) : StoreError.write(output, error)
        }
    }

    private static func splitPath(_ path: String) -> (parent: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
    }
}
