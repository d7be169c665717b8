"""A node of somebody else's product, started for a check: its folder, its names, and what it says itself."""

import atexit
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

from harness import DEADLINE, PREFIX, Process, Wrong, equal, free_port, hostname, inject, wait_for
from planted import card

HERE = pathlib.Path(__file__).resolve().parent


class Asker(Process):
    """Evaluates expressions of Erlang in the node, by a hidden node of its own."""

    def __init__(self, node, cookie, folder):
        subprocess.run([*PREFIX, "erlc", "-o", folder, str(HERE / "asker.erl")], check=True, timeout=DEADLINE)
        name = f"asker_{os.getpid()}_{free_port()}"
        super().__init__(*PREFIX, "erl", "-noshell", "-hidden", "-sname", name, "-setcookie", cookie, "-pa", folder,
                         "-s", "asker", "main", "-extra", node)

    def ask(self, expression):
        """The value as Erlang prints it."""
        self.write(expression.strip() + ".")
        while not (line := self.read()).startswith("> "):
            pass
        if line.startswith("> {badrpc"):
            raise Wrong(f"{expression}: {line}")
        return line[2:]

    def number(self, expression):
        return int(self.ask(expression))


class Product:
    """A node with a folder, a cookie and an epmd of its own. `self.command` starts it in the foreground."""

    kind = "product"

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix=f"scope-{self.kind}-")
        self.cookie = f"COOKIE{os.urandom(8).hex()}"
        self.password = f"pass{os.urandom(8).hex()}"
        self.card = card()
        self.epmd = str(free_port())
        self.node = f"{self.kind}_{os.getpid()}@{hostname()}"
        self.port = free_port()
        self.process = self.asker = None
        # Also when it does not come as far as `with`.
        atexit.register(self.stop)
        pathlib.Path(self.folder, ".erlang.cookie").write_text(self.cookie)
        os.chmod(f"{self.folder}/.erlang.cookie", 0o400)

    def environment(self):
        return {"HOME": self.folder, "ERL_EPMD_PORT": self.epmd, "ERL_EPMD_ADDRESS": "127.0.0.1",
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "ERL_CRASH_DUMP_SECONDS": "0"}

    def start(self, *command):
        os.environ["ERL_EPMD_PORT"] = self.epmd
        self.process = Process(*PREFIX, "/usr/bin/env", "-i", *(f"{k}={v}" for k, v in self.environment().items()), *command)
        wait_for(f"{self.kind} on {self.port}: {self.process.said()[-300:]}", self.listens)
        self.asker = Asker(self.node, self.cookie, self.folder)

    def listens(self):
        if self.process.child.poll() is not None:
            raise Wrong(f"{self.kind} ended: {self.process.said()[-2000:]}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def ask(self, expression):
        return self.asker.ask(expression)

    def memory(self):
        return self.asker.number("erlang:memory(total)")

    def idle(self):
        """Once no process of these modules is there any more, but for servers that have a name."""
        behaving = "[P || P <- processes(), process_info(P, registered_name) =:= [], lists:member(element(1, proc_lib:translate_initial_call(P)), [{}])]"
        wait_for("the last of the work before", lambda: self.asker.number(f"length({behaving.format(','.join(self.modules))})") == 0)

    def count_calls(self, modules):
        """Counting breakpoints on all functions: the node's own count."""
        for module in modules:
            self.ask(f"begin code:ensure_loaded({module}), erlang:trace_pattern({{{module}, '_', '_'}}, true, [call_count]), "
                     f"erlang:trace_pattern({{{module}, '_', '_'}}, restart, [call_count]) end")

    def counted(self, module, of="functions"):
        """Calls by function since count_calls, of all or of `exports`, without funs, which are not traced by default."""
        said = self.ask(f"[{{F, A, element(2, erlang:trace_info({{{module}, F, A}}, call_count))}} || {{F, A}} <- {module}:module_info({of}), F =/= module_info]")
        counts = {}
        for function, arity, count in re.findall(r"\{('[^']*'|[\w@]+),(\d+),(\d+)\}", said):
            function = function.strip("'")
            if int(count) and not function.startswith("-"):
                counts[f"{function}/{arity}"] = int(count)
        return counts

    def state(self, pid):
        """When, on the node's own clock, and its state as sys:get_state says."""
        said = self.ask(f'{{erlang:monotonic_time(nanosecond), sys:get_state(list_to_pid("{pid}"))}}')
        at, state = said[1:-1].split(",", 1)
        # As the node itself writes its pids.
        return int(at), re.sub(r"<\d+\.(\d+\.\d+)>", r"<0.\1>", state)

    def mailbox(self, pid):
        return self.asker.number(f'element(2, process_info(list_to_pid("{pid}"), message_queue_len))')

    def secrets(self):
        return {"password": self.password, "cookie": self.cookie, "card number": self.card}

    def inject(self, *arguments):
        return inject(self.node, self.cookie, *arguments)

    def stop(self):
        atexit.unregister(self.stop)
        if self.asker and self.asker.child.poll() is None:
            try:
                self.asker.write("init:stop().")
            except OSError:
                pass
            self.asker.end()
        if self.process:
            try:
                self.process.child.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
        subprocess.run([*PREFIX, "epmd", "-port", self.epmd, "-kill"], capture_output=True, timeout=DEADLINE)
        os.environ.pop("ERL_EPMD_PORT", None)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
