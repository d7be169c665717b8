"""ejabberd of the distribution: a server of our own on loopback, users with a planted password, and clients of it."""

import base64
import pathlib
import re
import select
import socket
import time

from nodes import DEADLINE, Product, Wrong, equal, wait_for
from planted import response

HOST = "localhost"
CONFIGURATION = """\
loglevel: info
hosts: [localhost]
listen:
  - {{port: {port}, ip: "127.0.0.1", module: ejabberd_c2s, max_stanza_size: 262144, shaper: none, access: c2s, starttls: false}}
disable_sasl_mechanisms: [digest-md5, X-OAUTH2]
auth_password_format: scram
access_rules: {{local: {{allow: all}}, c2s: {{allow: all}}}}
shaper_rules: {{max_user_sessions: 10, max_user_offline_messages: 10000}}
modules:
  mod_adhoc: {{}}
  mod_admin_extra: {{}}
  mod_blocking: {{}}
  mod_caps: {{}}
  mod_carboncopy: {{}}
  mod_client_state: {{}}
  mod_configure: {{}}
  mod_disco: {{}}
  mod_last: {{}}
  mod_muc: {{}}
  mod_offline: {{access_max_user_messages: max_user_offline_messages}}
  mod_ping: {{}}
  mod_privacy: {{}}
  mod_private: {{}}
  mod_roster: {{versioning: true}}
  mod_stream_mgmt: {{resend_on_timeout: if_offline}}
  mod_vcard: {{search: false}}
  mod_version: {{}}
"""


class Client:
    """A session over plain TCP: login by PLAIN, messages as they are."""

    def __init__(self, port, user, password):
        self.user, self.buffer = user, b""
        self.socket = socket.create_connection(("127.0.0.1", port), DEADLINE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opening = (f"<stream:stream to='{HOST}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>")
        self.ask(opening, b"</stream:features>")
        plain = base64.b64encode(response(user, password).encode()).decode()
        self.ask(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{plain}</auth>", b"<success")
        self.ask(opening, b"</stream:features>")
        self.ask("<iq type='set' id='b1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>", b"</iq>")
        self.ask("<presence/>", b"<presence")

    def ask(self, stanza, until):
        self.socket.sendall(stanza.encode())
        self.buffer = b""
        while until not in self.buffer:
            self.read()

    def read(self):
        got = self.socket.recv(65536)
        if not got:
            raise Wrong(f"{self.user}: the stream ended: {self.buffer[-300:]!r}")
        self.buffer += got

    def taken(self):
        """Messages in the buffer, which are taken out of it."""
        whole = self.buffer.rfind(b"</message>")
        if whole < 0:
            return 0
        count = self.buffer.count(b"</message>")
        self.buffer = self.buffer[whole + len(b"</message>"):]
        return count

    def send(self, to, count, body="x" * 100):
        self.socket.sendall("".join(f"<message to='{to}@{HOST}' type='chat' id='m{n}'><body>{n} {body}</body></message>"
                                    for n in range(count)).encode())

    def close(self):
        self.socket.sendall(b"</stream:stream>")
        while b"</stream:stream>" not in self.buffer:
            self.read()
        self.socket.close()


class Talk:
    """Clients in a circle, each of which writes to the next one."""

    def __init__(self, port, password, count):
        self.clients = [Client(port, f"user{n}", password) for n in range(count)]

    def round(self, count):
        """So many messages, all of which arrive. Microseconds."""
        started = time.monotonic()
        for client, to in zip(self.clients, self.clients[1:] + self.clients[:1]):
            client.send(to.user, count // len(self.clients))
        waiting = {client.socket: client for client in self.clients}
        arrived = dict.fromkeys(self.clients, 0)
        while waiting:
            for ready in select.select(list(waiting), [], [], DEADLINE)[0]:
                client = waiting[ready]
                client.read()
                arrived[client] += client.taken()
                if arrived[client] == count // len(self.clients):
                    del waiting[ready]
        return int((time.monotonic() - started) * 1e6)

    def close(self):
        for client in self.clients:
            client.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Messenger(Product):
    kind = "chat"
    modules = ["ejabberd_c2s", "xmpp_stream_in", "ejabberd_router", "mod_offline"]
    users = 20

    def environment(self):
        return super().environment() | {
            "ERL_LIBS": "/usr/lib/x86_64-linux-gnu", "EJABBERD_CONFIG_PATH": f"{self.folder}/ejabberd.yml",
            "EJABBERD_LOG_PATH": f"{self.folder}/ejabberd.log", "ERL_CRASH_DUMP_BYTES": "0"}

    def __init__(self):
        super().__init__()
        pathlib.Path(self.folder, "ejabberd.yml").write_text(CONFIGURATION.format(port=self.port))
        self.start("erl", "-noinput", "+S", "2:2", "-sname", self.node, "-mnesia", "dir", f'"{self.folder}/spool"', "-s", "ejabberd")
        self.ask("mnesia:wait_for_tables([passwd], 60000)")
        wait_for("ejabberd", lambda: self.ask("lists:keymember(ejabberd, 1, application:which_applications())") == "true")
        for user in [*(f"user{n}" for n in range(self.users)), "away"]:
            equal("a user", self.ask(f'ejabberd_auth:try_register(<<"{user}">>, <<"{HOST}">>, <<"{self.password}">>)'), "ok")
        self.warm()

    def warm(self):
        """A session whose code is loaded, and the end of the one that found out whether it listens."""
        with self.talk(1):
            pass
        self.idle()

    def version(self):
        return self.ask("element(2, application:get_key(ejabberd, vsn))").strip('"')

    def talk(self, count):
        return Talk(self.port, self.password, count)

    def offline(self, user):
        return self.asker.number(f'mod_offline:count_offline_messages(<<"{user}">>, <<"{HOST}">>)')

    def sessions(self):
        """The pids of its sessions, as the node prints them."""
        return re.findall(r"<[\d.]+>", self.ask("[pid_to_list(element(2, element(2, S))) || S <- ets:tab2list(session)]"))

    def secrets(self):
        return super().secrets() | {"PLAIN response": response("user0", self.password)}

    def log(self):
        return "".join(path.read_text(errors="replace") for path in pathlib.Path(self.folder).glob("*.log"))
