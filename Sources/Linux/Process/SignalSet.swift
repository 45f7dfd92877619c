/// A set of signals as the kernel writes it: bit n - 1 is signal n.
public struct SignalSet: Sendable, Hashable {
    public let mask: UInt64
    public init(mask: UInt64) { self.mask = mask }
    public init(_ signals: some Sequence<Int32>) { mask = signals.reduce(0) { $0 | 1 << UInt64($1 - 1) } }

    /// False for numbers outside of 1...64.
    public func contains(_ signal: Int32) -> Bool { (1...64).contains(signal) && mask >> UInt64(signal - 1) & 1 == 1 }
    public var signals: [Int32] { (1...64).filter(contains) }
}
