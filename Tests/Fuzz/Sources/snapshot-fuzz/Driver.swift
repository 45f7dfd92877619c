// The package manager calls the program's entry `snapshot_fuzz_main`; libFuzzer's own main is then not linked, and its driver is called from here.
import Glibc

private typealias Harness = @convention(c) (UnsafePointer<UInt8>, Int) -> CInt

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(_ count: UnsafeMutablePointer<CInt>, _ words: UnsafeMutableRawPointer, _ harness: Harness) -> CInt

@_cdecl("snapshot_fuzz_main")
public func snapshotFuzzMain(_ count: CInt, _ words: UnsafeMutableRawPointer?) -> CInt {
    var count = count
    var words = words
    return runDriver(&count, &words) { snapshotFuzz($0, $1) }
}
