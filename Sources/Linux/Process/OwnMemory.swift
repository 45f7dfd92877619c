import CLinux

/// Gives memory that is free in our heap back to the kernel: it counts in the cgroup of the service next to us. About 1 ms.
public func returnFreeMemory() { linux_trim_heap() }

/// One heap for all threads, for who lives long and allocates little. Before the first thread is started.
public func useOneHeap() { linux_use_one_heap() }
