import Glibc
import MemoryWatch
import Node
import Units

extension Subject {
    /// What the rules' filters may look at (contract 1 for the name).
    init(_ process: NodeProcess) {
        self.init(
            service: process.serviceName(), unit: process.unit, cgroup: process.cgroup, command: process.arguments.joined(separator: " "),
            user: userName(process.uid))
    }
}

/// getpwuid(3); nil: a user without a name, of a container for instance.
func userName(_ uid: UInt32) -> String? { getpwuid(uid).map { String(cString: $0.pointee.pw_name) } }
