import Glibc

/// The dynamic part of an ELF file, 64-bit and little-endian (x86-64, arm64, riscv64), read by offsets: the file is never mapped
/// nor read as a whole. Format: elf(5) and, for the hash table, the GNU ABI (binutils, elf/dl-lookup.c of glibc).
struct ElfImage {
    let file: BinaryFile
    /// PT_LOAD segments.
    let segments: [Segment]
    private let dynamic: [(tag: Int64, value: UInt64)]

    /// ELFMAG, ELFCLASS64, ELFDATA2LSB.
    private static let magic: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1]
    /// SHN_UNDEF: a symbol that is wanted, not defined.
    private static let undefined: UInt16 = 0

    struct Segment {
        let address: UInt64, offset: UInt64, size: UInt64, flags: UInt32
    }

    /// Nil where the file is no such ELF file.
    init?(_ file: BinaryFile) {
        guard let head = file.bytes(at: 0, count: 64), Array(head[0..<6]) == Self.magic,
            let tableOffset: UInt64 = file.number(at: 32), let count: UInt16 = file.number(at: 56), count < 128
        else { return nil }
        var segments: [Segment] = []
        var dynamic: [(Int64, UInt64)] = []
        for index in 0..<UInt64(count) {
            let header = tableOffset &+ index * 56
            guard let type: UInt32 = file.number(at: header), let flags: UInt32 = file.number(at: header &+ 4),
                let offset: UInt64 = file.number(at: header &+ 8), let address: UInt64 = file.number(at: header &+ 16),
                let size: UInt64 = file.number(at: header &+ 32)
            else { return nil }
            switch type {
            case 1: segments.append(Segment(address: address, offset: offset, size: size, flags: flags))
            case 2:
                for entry in 0..<min(size / 16, 512) {
                    guard let tag: Int64 = file.number(at: offset &+ entry * 16), let value: UInt64 = file.number(at: offset &+ entry * 16 &+ 8),
                        tag != 0
                    else { break }
                    dynamic.append((tag, value))
                }
            default: break
            }
        }
        self.file = file
        self.segments = segments
        self.dynamic = dynamic
    }

    private static let needed: Int64 = 1, stringTable: Int64 = 5, symbolTable: Int64 = 6, rpath: Int64 = 15, runpath: Int64 = 29
    private static let gnuHash: Int64 = 0x6FFF_FEF5

    /// DT_NEEDED: the libraries that the loader will look for.
    var neededLibraries: [String] { strings(Self.needed) }
    /// DT_RUNPATH and DT_RPATH, taken apart at the colons; may hold `$ORIGIN`.
    var runPaths: [String] { (strings(Self.runpath) + strings(Self.rpath)).flatMap { $0.split(separator: ":").map(String.init) } }

    private func strings(_ tag: Int64) -> [String] {
        guard let table = offset(of: Self.stringTable) else { return [] }
        return dynamic.filter { $0.tag == tag }.compactMap { file.string(at: table &+ $0.value) }
    }

    /// Where in the file the table lies whose address a dynamic entry holds.
    private func offset(of tag: Int64) -> UInt64? {
        guard let address = dynamic.first(where: { $0.tag == tag })?.value,
            let segment = segments.first(where: { $0.address <= address && address - $0.address < $0.size })
        else { return nil }
        return segment.offset &+ (address - segment.address)
    }

    /// Whether the file itself defines a dynamic symbol: one look-up in DT_GNU_HASH, about ten reads of a few bytes.
    func exports(_ symbol: String) -> Bool {
        guard let table = offset(of: Self.gnuHash), let symbols = offset(of: Self.symbolTable), let names = offset(of: Self.stringTable),
            let bucketCount: UInt32 = file.number(at: table), bucketCount > 0, let firstSymbol: UInt32 = file.number(at: table &+ 4),
            let bloomCount: UInt32 = file.number(at: table &+ 8)
        else { return false }
        let hash = symbol.utf8.reduce(UInt32(5_381)) { $0 &* 33 &+ UInt32($1) }
        let buckets = table &+ 16 &+ UInt64(bloomCount) * 8
        let chains = buckets &+ UInt64(bucketCount) * 4
        guard var index: UInt32 = file.number(at: buckets &+ UInt64(hash % bucketCount) * 4), index >= firstSymbol else { return false }
        // A chain ends where the lowest bit of its hash is set; the bound keeps a hostile file from spinning.
        for _ in 0..<65_536 {
            guard let entry: UInt32 = file.number(at: chains &+ UInt64(index - firstSymbol) * 4) else { return false }
            let record = symbols &+ UInt64(index) * 24
            if entry | 1 == hash | 1, let name: UInt32 = file.number(at: record), let section: UInt16 = file.number(at: record &+ 6),
                section != Self.undefined, file.string(at: names &+ UInt64(name), limit: symbol.utf8.count + 1) == symbol
            {
                return true
            }
            if entry & 1 == 1 || index == .max { return false }
            index += 1
        }
        return false
    }
}
