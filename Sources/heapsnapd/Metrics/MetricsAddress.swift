/// Where metrics are served: nothing but this host may read them.
enum MetricsAddress: Sendable, Hashable {
    /// Absolute.
    case unix(path: String)
    /// `127.0.0.1` or `::1`.
    case loopback(host: String, port: Int)

    /// `unix:/run/heapsnapd/metrics.sock`, `127.0.0.1:9300`, `[::1]:9300`; nil for anything else.
    init?(_ text: String) {
        if text.hasPrefix("unix:/") {
            // sockaddr_un has room for 107 bytes.
            let path = String(text.dropFirst("unix:".count))
            guard path.utf8.count <= 107, path.count > 1 else { return nil }
            self = .unix(path: path)
            return
        }
        for (written, host) in [("127.0.0.1:", "127.0.0.1"), ("[::1]:", "::1")] where text.hasPrefix(written) {
            guard let port = Int(text.dropFirst(written.count)), 1...65_535 ~= port else { return nil }
            self = .loopback(host: host, port: port)
            return
        }
        return nil
    }
}

extension Settings {
    func metrics() throws(ConfigurationError) -> Configuration.Metrics {
        let listen = string("metrics.listen"), textfile = string("metrics.textfile")
        let address = MetricsAddress(listen)
        guard listen.isEmpty || address != nil else {
            throw ConfigurationError(
                place: values["metrics.listen"]?.origin.description,
                message: "cannot use metrics.listen: '\(listen)' is no address of this host alone; write unix:/path, 127.0.0.1:PORT or [::1]:PORT")
        }
        guard textfile.isEmpty || textfile.hasPrefix("/") && textfile.hasSuffix(".prom") else {
            throw ConfigurationError(
                place: values["metrics.textfile"]?.origin.description,
                message: "cannot use metrics.textfile: '\(textfile)' is no absolute path that ends in .prom; node_exporter reads no others")
        }
        return .init(listen: address, textfile: textfile.isEmpty ? nil : textfile)
    }
}
