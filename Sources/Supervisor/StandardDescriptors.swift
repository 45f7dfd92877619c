import Glibc

/// Fills the standard descriptors that our parent left closed with /dev/null, as glibc does for set-uid programs.
///
/// Otherwise the first pipe or epoll instance that we open becomes "standard error", and a log line or a service writes into it.
/// To be called before anything else opens a descriptor: first thing in `main`.
public func occupyStandardDescriptors() {
    for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) == -1 {
        _ = open("/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY)  // takes the lowest free number: this one
    }
}
