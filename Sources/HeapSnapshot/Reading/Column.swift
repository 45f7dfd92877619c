import Glibc

/// A flat array outside of Swift's own: zeroed by the kernel, in huge pages where there are any (a quarter of the time of the whole analysis,
/// heapsnapshot-format.md), and resident only as far as it was written.
///
/// `@unchecked Sendable` because a column is written by the one phase that makes it, and only read after that.
/// Elements are reached through `pointer` where it counts; a scratch column is freed by hand, so that it lives as long as its pointers are in use.
final class Column<Element: BitwiseCopyable>: @unchecked Sendable {
    private(set) var pointer: UnsafeMutablePointer<Element>
    /// Elements that there is room for.
    private(set) var capacity: Int

    init(_ capacity: Int) {
        self.capacity = max(1, capacity)
        pointer = Column.map(bytes: Column.bytes(self.capacity)).assumingMemoryBound(to: Element.self)
        Column.advise(pointer, Column.bytes(self.capacity))
    }

    convenience init(_ count: Int, repeating value: Element) {
        self.init(count)
        pointer.update(repeating: value, count: count)
    }

    deinit { munmap(pointer, Column.bytes(capacity)) }

    /// Gives the memory back now, not when the last reference goes.
    func free() {
        munmap(pointer, Column.bytes(capacity))
        capacity = 1
        pointer = Column.map(bytes: Column.bytes(1)).assumingMemoryBound(to: Element.self)
    }

    @inline(__always)
    subscript(index: Int) -> Element {
        get {
            assert(index >= 0 && index < capacity)
            return pointer[index]
        }
        set { pointer[index] = newValue }
    }

    /// Copied in pieces that are given back at once, so that little of it is there twice.
    func grow(to wanted: Int) {
        guard wanted > capacity else { return }
        let larger = Column.map(bytes: Column.bytes(wanted))
        Column.advise(larger, Column.bytes(wanted))
        let (old, size, step) = (UnsafeMutableRawPointer(pointer), Column.bytes(capacity), 4 << 20)
        for offset in stride(from: 0, to: size, by: step) {
            memcpy(larger + offset, old + offset, min(step, size - offset))
            madvise(old + offset, min(step, size - offset), MADV_DONTNEED)
        }
        munmap(old, size)
        capacity = wanted
        pointer = larger.assumingMemoryBound(to: Element.self)
    }

    private static func bytes(_ count: Int) -> Int { count * MemoryLayout<Element>.stride }

    private static func map(bytes: Int) -> UnsafeMutableRawPointer {
        guard let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), memory != MAP_FAILED else {
            outOfMemory(bytes)
        }
        return memory
    }

    /// 2 MiB is a huge page of x86-64 and aarch64; below that there is nothing to gain.
    private static func advise(_ memory: UnsafeMutableRawPointer, _ bytes: Int) {
        if bytes >= 4 << 20 { madvise(memory, bytes, MADV_HUGEPAGE) }
    }
}

/// As Swift's own arrays do: there is nobody who could go on.
private func outOfMemory(_ count: Int) -> Never { fatalError("cannot map memory for a column of \(count): \(String(cString: strerror(errno)))") }
