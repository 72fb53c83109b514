"""A real PostgreSQL server for the tests, in a temporary folder and on a free port of 127.0.0.1."""

import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path

USER, PASSWORD, DATABASE = "course", "geheim", "sweeps"


def binaries():
    """Return the folder of the server's programs (Debian keeps them out of the PATH), or None."""
    found = [path.parent for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))]
    on_path = shutil.which("initdb")
    return found[-1] if found else Path(on_path).parent if on_path else None


class Server:
    """A server of its own; it refuses to run as root, so root hands it to the user postgres."""

    def __init__(self, folder):
        self.folder, self.data, self.programs = folder, folder / "data", binaries()
        self.as_user = {}
        if os.getuid() == 0:
            postgres = pwd.getpwnam("postgres")
            self.as_user = {"user": postgres.pw_uid, "group": postgres.pw_gid, "extra_groups": []}
            shutil.chown(folder, "postgres")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        password = folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        self.run("initdb", "-D", self.data, "-U", USER, "--pwfile", password, "-A", "scram-sha-256", "--no-sync")
        self.control("start")
        self.create_database(DATABASE)

    def run(self, program, *words):
        environment = {**os.environ, "PGPASSWORD": PASSWORD, "LC_ALL": "C"}
        command = [self.programs / program, *map(str, words)]
        log = (self.folder / "log").open("ab")
        subprocess.run(command, check=True, cwd=self.folder, env=environment, stdout=log, stderr=log, **self.as_user)

    def control(self, action):
        """Start, stop or restart the server as a machine does: without waiting for its clients."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.folder} -c fsync=off"
        self.run("pg_ctl", "-D", self.data, "-w", "-m", "fast", "-o", options, "-l", self.folder / "server.log", action)

    def create_database(self, name):
        self.run("createdb", "-h", "127.0.0.1", "-p", self.port, "-U", USER, name)

    def url(self, database=DATABASE, password=PASSWORD):
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{database}"
