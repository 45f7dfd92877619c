import CZstd

/// zstd in frames of 16 MiB of content each: of a file cut short its whole frames can be read, and threads can decode side by side.
final class FrameCompressor {
    /// Contract 29.
    static let frameContent = 16 << 20
    private static let largestWindowLog: Int32 = 21

    typealias Sink = (UnsafeRawBufferPointer) throws -> Void

    private let context: OpaquePointer
    private let output: UnsafeMutableRawBufferPointer
    private var leftInFrame = frameContent
    private var frames = 0

    init(level: Int) throws(StoreError) {
        guard let context = ZSTD_createCCtx() else { throw .outOfMemory }
        self.context = context
        output = .allocate(byteCount: ZSTD_CStreamOutSize(), alignment: 16)
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        // Up to level 3 the level's own window is not larger; setting it would cost memory at levels 1 and 2.
        if level > 3 { ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, Self.largestWindowLog) }
    }

    deinit {
        ZSTD_freeCCtx(context)
        output.deallocate()
    }

    func compress(_ bytes: UnsafeRawBufferPointer, into sink: Sink) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = rest.prefix(leftInFrame)
            rest = rest.dropFirst(part.count)
            leftInFrame -= part.count
            try run(UnsafeRawBufferPointer(rebasing: part), leftInFrame == 0 ? ZSTD_e_end : ZSTD_e_continue, sink)
        }
    }

    /// Ends the last frame. Of nothing at all an empty frame is made, so that the file is valid zstd.
    func finish(into sink: Sink) throws {
        if leftInFrame < Self.frameContent || frames == 0 { try run(UnsafeRawBufferPointer(start: nil, count: 0), ZSTD_e_end, sink) }
    }

    private func run(_ bytes: UnsafeRawBufferPointer, _ directive: ZSTD_EndDirective, _ sink: Sink) throws {
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        while true {
            var produced = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
            let left = ZSTD_compressStream2(context, &produced, &input, directive)
            // Memory is the only thing that can be missing here; the parameters were checked by zstd when they were set.
            if ZSTD_isError(left) != 0 { throw StoreError.outOfMemory }
            if produced.pos > 0 { try sink(UnsafeRawBufferPointer(rebasing: output[..<produced.pos])) }
            if directive == ZSTD_e_end ? left == 0 : input.pos == input.size { break }
        }
        if directive == ZSTD_e_end {
            frames += 1
            leftInFrame = Self.frameContent
        }
    }
}
