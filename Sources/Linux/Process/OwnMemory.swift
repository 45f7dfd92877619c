import CLinux

/// Gives memory that is free in our heap back to the kernel: it counts in the cgroup of the service next to us. About 1 ms.
public func returnFreeMemory() { linux_trim_heap() }
