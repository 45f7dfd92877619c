/// cpu.weight of cgroup v2 (Documentation/admin-guide/cgroup-v2.rst): the share of the processors among the children of one cgroup, 1 to 10000.
public enum ProcessorWeight {
    private static let ordinary = "100\n"
    /// A tenth of an ordinary cgroup's. With 1 a copy of 32 MB that shared one busy processor had not ended after 90 s (docs/decisions/0009).
    private static let low = "10"

    /// Sets a low one where the controller is on and nobody has set a weight; nothing otherwise.
    public static func lower(_ cgroup: String) {
        let path = cgroup + "/cpu.weight"
        guard let weight = try? KernelFile.read(path, expecting: 64), String(decoding: weight, as: UTF8.self) == ordinary else { return }
        // The copy works without it, too, only in a worse moment.
        try? KernelFile.write(path, low)
    }
}
