import Testing
import Units

@testable import Linux

struct ProcParseTests {
    @Test func statSurvivesAnyName() throws {
        let line =
            "4711 (a) S ((node) ) R 1 4700 4690 34816 4711 4194304 9 0 0 0 120 30 1 1 20 0 11 0 12345 620000000 1000 18446744073709551615 1 1 0 0\n"
        let stat = try #require(ProcessStat.parse(Array(line.utf8)))
        #expect(stat.comm == "a) S ((node) ")
        #expect(stat.state == "R")
        #expect(stat.parent == ProcessID(1))
        #expect(stat.processGroup == ProcessID(4700))
        #expect(stat.session == ProcessID(4690))
        #expect(stat.terminal == 34816)
        #expect(stat.userTime == .milliseconds(1_200))
        #expect(stat.cpuTime == .milliseconds(1_500))
        #expect(stat.threads == 11)
        #expect(stat.startTime == 12_345)
        #expect(stat.started == .milliseconds(123_450))
        #expect(stat.rss == .kibibytes(4_000))
        #expect(ProcessStat.parse(Array("4711 (node) S 1".utf8)) == nil)
    }

    /// Of Node 20 on Linux 6.18, shortened.
    @Test func statusOfNode() throws {
        let text = """
            Name:\tnode
            Tgid:\t4711
            PPid:\t7
            Uid:\t1000\t1001\t1002\t1003
            Gid:\t100\t100\t100\t100
            Groups:\t4 27 1000
            NSpid:\t4711\t12
            VmRSS:\t   44120 kB
            RssAnon:\t    9216 kB
            VmSwap:\t       0 kB
            Threads:\t11
            SigPnd:\t0000000000000001
            ShdPnd:\t0000000000000800
            SigBlk:\t0000000000000000
            SigIgn:\t0000000001001000
            SigCgt:\t0000000108014a02
            CapEff:\t0000000000000002
            """
        let status = try #require(ProcessStatus.parse(Array(text.utf8)))
        #expect(status.name == "node")
        #expect(status.threadGroup == ProcessID(4711))
        #expect(status.uids == .init(real: 1000, effective: 1001, saved: 1002, fileSystem: 1003))
        #expect(status.groups == [4, 27, 1000])
        #expect(status.nsPIDs == [4711, 12])
        #expect(status.rss == .kibibytes(44_120))
        #expect(status.swap == .zero)
        #expect(status.rssFile == nil)
        #expect(status.pending == SignalSet([1, 12]))
        #expect(status.ignored == SignalSet([13, 25]))
        #expect(status.caught.signals == [2, 10, 12, 15, 17, 28, 33])
        #expect(status.effectiveCapabilities == 2)
        #expect(ProcessStatus.parse([]) == nil)
    }

    @Test func commandLineAndEnvironment() {
        #expect(parseNulTerminated(Array("node\0--x=\0\0app.js\0".utf8)) == ["node", "--x=", "", "app.js"])
        #expect(parseNulTerminated(Array("title".utf8)) == ["title"])
        #expect(parseNulTerminated([]) == [])
        #expect(parseNulTerminated([0xff, 0]) == ["\u{fffd}"])
        #expect(parseEnvironment(Array("A=1\0B=x=y\0nonsense\0A=2\0C=\0".utf8)) == ["A": "1", "B": "x=y", "C": ""])
    }

    @Test func mountinfoUnescapes() throws {
        let text = """
            35 31 0:32 / /sys/fs/cgroup/memory rw,nosuid,relatime shared:15 master:3 - cgroup cgroup rw,memory
            36 31 0:33 /a\\040b /mnt/tab\\011back\\134slash ro - ext4 /dev/vda rw,errors=continue
            nonsense
            """
        let mounts = Mount.parse(Array(text.utf8))
        #expect(mounts.count == 2)
        #expect(mounts[0].superOptions == ["rw", "memory"])
        #expect(mounts[0].fileSystem == "cgroup")
        let second = try #require(mounts.last)
        #expect(second.root == "/a b")
        #expect(second.mountPoint == "/mnt/tab\tback\\slash")
        #expect(second.source == "/dev/vda")
        #expect(second.options == ["ro"])
    }

    @Test func cgroupPathsHoldColons() throws {
        let lines = try #require(CgroupMembership.parse(Array("4:memory:/docker/0:1\n3:cpu,cpuacct:/\n1:name=systemd:/x\n0::/gone (deleted)\n".utf8)))
        #expect(lines[0] == CgroupMembership(hierarchyID: 4, controllers: ["memory"], path: "/docker/0:1"))
        #expect(lines[1].controllers == ["cpu", "cpuacct"])
        #expect(lines[3] == CgroupMembership(hierarchyID: 0, controllers: [], path: "/gone"))
    }

    @Test func dontForkCountsOnlyMarkedMappings() {
        let text = """
            1b2c00000-1b2c40000 rw-p 00000000 00:00 0
            Rss:                 256 kB
            Pss:                 256 kB
            VmFlags: rd wr mr mw me dc ac sd
            7f0000000-7f0001000 r-xp 00000000 fe:00 12   /usr/lib/dc dc
            Rss:                4000 kB
            VmFlags: rd ex mr mw me sd
            7f0000000-7f0001000 rw-p 00000000 00:00 0
            Rss:                   1 kB
            VmFlags: rd dc
            """
        #expect(parseDontForkRSS(Array(text.utf8)) == .kibibytes(257))
        #expect(parseDontForkRSS(Array("Rss: 4 kB\nVmFlags: rd de dd\n".utf8)) == .zero)
        #expect(parseDontForkRSS([]) == .zero)
    }

    @Test func limitsAndSentinels() throws {
        func limit(_ text: String) throws -> ByteCount? { try parseLimit(Array(text.utf8), path: "memory.max") }
        #expect(try limit("536870912\n") == .mebibytes(512))
        #expect(try limit("0\n") == .zero)
        for unlimited in [
            "max\n", "9223372036854771712\n", "9223372036854710272\n", "9223372036854775807\n", "18446744073709551615\n", "9223372036854771711",
        ] {
            #expect(try limit(unlimited) == nil)
        }
        #expect(throws: KernelError.self) { try limit("many\n") }
        #expect(throws: KernelError.self) { try limit("") }
    }
}
