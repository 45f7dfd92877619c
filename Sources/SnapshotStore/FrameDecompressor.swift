import CZstd

/// The way back; verifies the checksum of each frame.
final class FrameDecompressor {
    /// The bytes are not zstd, or end within a frame.
    struct Damage: Error { var reason: String }

    private let context: OpaquePointer
    private let output: UnsafeMutableRawBufferPointer
    private var isInsideFrame = false

    init() throws(StoreError) {
        guard let context = ZSTD_createDCtx() else { throw .outOfMemory }
        self.context = context
        output = .allocate(byteCount: ZSTD_DStreamOutSize(), alignment: 16)
    }

    deinit {
        ZSTD_freeDCtx(context)
        output.deallocate()
    }

    func decompress(_ bytes: UnsafeRawBufferPointer, into sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        var outputWasFull = false
        while input.pos < input.size || outputWasFull {
            var produced = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
            let left = ZSTD_decompressStream(context, &produced, &input)
            if ZSTD_isError(left) != 0 { throw Damage(reason: String(cString: ZSTD_getErrorName(left))) }
            isInsideFrame = left != 0
            outputWasFull = produced.pos == produced.size && isInsideFrame
            if produced.pos > 0 { try sink(UnsafeRawBufferPointer(rebasing: output[..<produced.pos])) }
        }
    }

    func finish() throws(Damage) {
        if isInsideFrame { throw Damage(reason: "it ends within a frame") }
    }
}
