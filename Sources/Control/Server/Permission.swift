import Glibc

/// Who may ask for what (docs/control-protocol.md, *Who may*): root and the members of one group everything, others for their own processes.
public struct Permission: Sendable, Hashable {
    /// Of the group `heapsnapd`; nil where there is none.
    public var group: UInt32?
    /// The daemon's own user: root, or whose daemon it is.
    public var daemonUser: UInt32

    public init(group: UInt32?, daemonUser: UInt32) {
        self.group = group
        self.daemonUser = daemonUser
    }

    /// Of a daemon that is this process: its user, and the group `heapsnapd` as the system's databases have it now.
    public static func ofThisProcess() -> Permission {
        var entry = Glibc.group(), found: UnsafeMutablePointer<Glibc.group>?
        // Enough for its members' names; without the group only root and the owners are served.
        var room = [CChar](repeating: 0, count: 65_536)
        let isKnown = getgrnam_r("heapsnapd", &entry, &room, room.count, &found) == 0 && found != nil
        return Permission(group: isKnown ? entry.gr_gid : nil, daemonUser: geteuid())
    }

    /// - Parameter ownerOfTarget: of the process that `request` names; nil where it names none, or nobody knows.
    /// - Returns: what the peer is shown.
    public func decide(_ peer: Peer, _ request: ControlRequest, ownerOfTarget: UInt32?) throws(ControlFailure) -> Visibility {
        if peer.uid == 0 || peer.uid == daemonUser || group.map(peer.groups.contains) == true { return .all }
        switch request {
        case .status: return .ownedBy(peer.uid)
        case .reload: throw denied("reload the configuration", "user \(peer.uid) is neither root nor in the group heapsnapd")
        case .dump(let dump):
            guard ownerOfTarget == peer.uid else { throw denied("capture \(dump.target)", "it is not user \(peer.uid)'s") }
            // What does not fit below the limit can cost the host its memory, and other services their life.
            guard !dump.acceptRisk else { throw denied("capture \(dump.target)", "accepting the risk is root's and the group heapsnapd's") }
            return .ownedBy(peer.uid)
        case .watch(let watch):
            guard let target = watch.target, ownerOfTarget != peer.uid else { return .ownedBy(peer.uid) }
            throw denied("watch \(target)", "it is not user \(peer.uid)'s")
        }
    }

    private func denied(_ what: String, _ why: String) -> ControlFailure {
        .permissionDenied("cannot \(what): \(why); ask root, or become a member of that group")
    }
}

/// Which processes a peer is shown.
public enum Visibility: Sendable, Hashable {
    case all
    case ownedBy(UInt32)

    /// - Parameter owner: nil where nobody knows: shown to who is shown all.
    public func includes(owner: UInt32?) -> Bool {
        switch self {
        case .all: true
        case .ownedBy(let user): owner == user
        }
    }
}
