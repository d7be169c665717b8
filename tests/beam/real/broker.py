"""RabbitMQ of the distribution: a broker of our own, on loopback, with a planted password, and clients of it."""

import pathlib
import re
import subprocess

import pika

from nodes import DEADLINE, PREFIX, Product, Wrong, equal, free_port
from planted import response


class Broker(Product):
    kind = "rabbit"

    def environment(self):
        folder = self.folder
        return super().environment() | {
            "RABBITMQ_NODENAME": self.node, "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1", "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia", "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_PID_FILE": f"{folder}/pid", "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/plugins",
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq", "RABBITMQ_CONF_ENV_FILE": f"{folder}/none",
            "RABBITMQ_DIST_PORT": str(self.dist), "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2",
        }

    def __init__(self):
        super().__init__()
        self.dist = free_port()
        pathlib.Path(self.folder, "plugins").write_text("[].")
        pathlib.Path(self.folder, "rabbitmq.conf").write_text("disk_free_limit.absolute = 1MB\n")
        found = subprocess.run([*PREFIX, "sh", "-c", "ls -d /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin"],
                               capture_output=True, text=True, check=True)
        self.sbin = found.stdout.strip()
        self.start(f"{self.sbin}/rabbitmq-server")
        self.ask("rabbit:await_startup()")
        equal("a user", self.ask(f'rabbit_auth_backend_internal:add_user(<<"shop">>, <<"{self.password}">>, <<"test">>)'), "ok")
        self.ask('rabbit_auth_backend_internal:set_permissions(<<"shop">>, <<"/">>, <<".*">>, <<".*">>, <<".*">>, <<"test">>)')

    def version(self):
        return self.ask("element(2, application:get_key(rabbit, vsn))").strip('"')

    def queues(self):
        """What `rabbitmqctl list_queues` says: messages by queue."""
        done = subprocess.run([*PREFIX, "/usr/bin/env", "-i", *(f"{k}={v}" for k, v in self.environment().items()),
                               f"{self.sbin}/rabbitmqctl", "--quiet", "--no-table-headers", "list_queues", "name", "messages"],
                              capture_output=True, text=True, timeout=DEADLINE)
        if done.returncode:
            raise Wrong(f"rabbitmqctl: {done.stderr[-500:]}")
        return {name: int(count) for name, count in (line.split("\t") for line in done.stdout.splitlines())}

    def connect(self):
        """A login by PLAIN."""
        credentials = pika.PlainCredentials("shop", self.password)
        return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.port, "/", credentials, heartbeat=0))

    def secrets(self):
        return super().secrets() | {"PLAIN response": response("shop", self.password)}

    def log(self):
        """What the broker wrote of itself."""
        return "".join(path.read_text(errors="replace") for path in pathlib.Path(self.folder, "log").glob("*.log"))

    def channels(self):
        """The pids of its channels, as the node prints them."""
        return re.findall(r"<[\d.]+>", self.ask("[pid_to_list(P) || P <- rabbit_channel:list_local()]"))


def publish(channel, queue, bodies):
    for body in bodies:
        channel.basic_publish("", queue, body)


def consume(channel, queue, count):
    """So many messages, each acknowledged, in order."""
    got = []
    for method, _, body in channel.consume(queue, inactivity_timeout=30):
        if method is None:
            raise Wrong(f"{len(got)} of {count} messages arrived")
        got.append(body)
        channel.basic_ack(method.delivery_tag)
        if len(got) == count:
            return got
