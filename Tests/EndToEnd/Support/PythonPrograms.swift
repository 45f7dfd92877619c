/// Programs that the end-to-end tests run under `heapsnapd run` or around it.
enum PythonPrograms {
    /// Prints `ready`, then the number of each signal that it receives; ends with 0 at SIGTERM.
    static let signalRecorder = """
        import os, signal, sys
        received, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)
        for number in sorted(signal.valid_signals() - {9, 19, 32, 33}):
            signal.signal(number, lambda *_: None)
        print("ready", flush=True)
        while True:
            for number in os.read(received, 64):
                print(number, flush=True)
                if number == signal.SIGTERM: sys.exit(0)
        """

    /// Sends the signals named in its further arguments to `heapsnapd run` (argv[1], one line) and prints what the service received,
    /// one line: the next one is sent when the last one has arrived.
    static let signalSender = """
        import os, shlex, signal, subprocess, sys
        run = subprocess.Popen(shlex.split(sys.argv[1]), stdout=subprocess.PIPE, text=True)
        assert run.stdout.readline() == "ready\\n"
        seen = []
        for number in map(int, sys.argv[2:]):
            os.kill(run.pid, number)
            seen.append(run.stdout.readline().strip())
        os.kill(run.pid, signal.SIGTERM)
        seen.append(run.stdout.readline().strip())
        print(*seen, run.wait())
        """

    /// A shell with job control on a terminal of its own: runs argv[1:] as its foreground job, types Ctrl-Z, resumes the job, types Ctrl-C.
    /// Prints one line per observation.
    static let jobControlShell = """
        import os, pty, signal, sys, time
        child, terminal = pty.fork()
        if child == 0:
            report = os.fdopen(os.dup(int(os.environ["REPORT"])), "w", buffering=1)
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            job = os.fork()
            if job == 0:
                os.setpgid(0, 0)
                os.tcsetpgrp(0, os.getpid())
                signal.signal(signal.SIGTTOU, signal.SIG_DFL)
                os.execvp(sys.argv[1], sys.argv[1:])
            _, status = os.waitpid(job, os.WUNTRACED)
            print("stopped", os.WIFSTOPPED(status), file=report)
            print("terminal back from the service", os.tcgetpgrp(0) == job, file=report)
            os.tcsetpgrp(0, job)
            os.killpg(job, signal.SIGCONT)
            _, status = os.waitpid(job, os.WUNTRACED)
            print("exit", os.waitstatus_to_exitcode(status), file=report)
            print("terminal back at the end", os.tcgetpgrp(0) == job, file=report)
            os._exit(0)
        text = b""
        def expect(word):
            global text
            while word not in text: text += os.read(terminal, 4096)
            text = text.split(word, 1)[1]
        expect(b"ready")
        os.write(terminal, b"\\x1a")
        expect(b"continued")
        os.write(terminal, b"\\x03")
        os.waitpid(child, 0)
        """

    /// The job: in the foreground of its terminal, says when it was continued, dies of Ctrl-C.
    static let foregroundJob = """
        import os, signal, time
        assert os.tcgetpgrp(0) == os.getpgrp() == os.getpid()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        def continued(*_):
            deadline = time.monotonic() + 10
            while os.tcgetpgrp(0) != os.getpgrp() and time.monotonic() < deadline: time.sleep(0.001)
            print("continued" if os.tcgetpgrp(0) == os.getpgrp() else "in the background", flush=True)
        signal.signal(signal.SIGCONT, continued)
        print("ready", flush=True)
        while True: signal.pause()
        """
}
