import Glibc

/// Makes this process the last to get a processor, nice 19, and on demand the first to be killed where memory is short (oom_score_adj 1000, proc(5)): rather than
/// the service beside it. What the kernel does not allow stays as it was.
public func giveWay(memoryToo: Bool) {
    _ = nice(19)
    if memoryToo { try? KernelFile.write("/proc/self/oom_score_adj", "1000") }
}
