"""irctest controller for Causerie; README.md says how to run it.

Each test starts a server of its own, with an empty copy of a data folder that holds one network operator.
"""

import copy
import json
import os
from pathlib import Path
import shutil
import subprocess
import tempfile
import time
from typing import Any, Dict, List, Optional, Type
import urllib.error
import urllib.request

from irctest import patma
from irctest.basecontrollers import BaseServerController, DirectoryBasedController
from irctest.cases import BaseServerTestCase
from irctest.controllers.ergo import BASE_CONFIG
from irctest.runner import NotImplementedByController
from irctest.specifications import Capabilities, OptionalBehaviors

BINARY = os.environ.get("CAUSERIE", "causerie")
OPER = {"name": "operuser", "password": "operpassword"}

# irctest sends as fast as it can, and its passwords are as short as `bar`.
SETTINGS = {
    "network": "CauserieTest",
    "log.ship": "false",
    "gateway.irc_name": "My.Little.Server",  # 004, PONG, TIME, WHOIS and WHO are compared with it
    "gateway.limits.commands_per_second": "100000",
    "gateway.limits.command_burst": "100000",
    "gateway.limits.login_attempts": "100",
    "users.password_rules": "none",
    "users.logins_of_account.burst": "1000",
    "users.logins_from_address.burst": "1000",
    "users.newcomers_from_address.burst": "1000",
}


class CauserieController(BaseServerController, DirectoryBasedController):
    software_name = "Causerie"
    _port_wait_interval = 0.02
    supported_sasl_mechanisms = {"PLAIN", "EXTERNAL", "SCRAM-SHA-256", "OAUTHBEARER"}
    supports_sts = True
    # `~m:nick!user@host` in lists b and e, with EXTBAN=~,am
    extban_mute_char = "m"

    # With a capability named here its NAK is a failure, not a skip: all that irctest knows.
    capabilities = frozenset(Capabilities) - {Capabilities.STS}

    # With a behaviour named here its absence is a failure, not a skip.
    optional_behaviors = frozenset(OptionalBehaviors) - {
        # UTF8ONLY excludes it: two skips of websocket.py, as with every UTF8ONLY server.
        OptionalBehaviors.NON_UTF8_MESSAGE,
    }

    isupport = {
        "ACCOUNTEXTBAN": "account,a",
        "AWAYLEN": "390",
        "BOT": "B",
        "CASEMAPPING": "ascii",
        "CHANLIMIT": "#:100",
        "CHANMODES": patma.StrRe(r"beI,k,lw,\w+"),
        "CHANNELLEN": "64",
        "CHANTYPES": "#",
        "CHATHISTORY": patma.StrRe("[0-9]+"),
        "ELIST": "CMNTU",
        "EXCEPTS": patma.ANYOPTSTR,
        "EXTBAN": "~,am",
        "HOSTLEN": patma.StrRe("[0-9]+"),
        "INVEX": patma.ANYOPTSTR,
        "KICKLEN": "390",
        "MAXLIST": "b:100,e:100,I:100",
        "MODES": patma.StrRe("[0-9]+"),
        "MONITOR": patma.StrRe("[0-9]+"),
        "MSGREFTYPES": "msgid,timestamp",
        "NAMELEN": patma.StrRe("[0-9]+"),
        "NETWORK": "CauserieTest",
        "NICKLEN": "32",
        "PREFIX": "(qaohv)~&@%+",
        "SAFELIST": None,
        "STATUSMSG": "~&@%+",
        "TARGMAX": patma.ANYSTR,
        "TOPICLEN": "390",
        "USERLEN": patma.StrRe("[0-9]+"),
        "UTF8ONLY": None,
        "WHOX": None,
    }

    _template: Optional[Path] = None
    """A data folder with an operator in it, made once for each pytest process and copied for each test."""

    def run(
        self,
        hostname: str,
        port: int,
        *,
        password: Optional[str],
        ssl: bool,
        run_services: bool,
        faketime: Optional[str],
        websocket_hostname: Optional[str] = None,
        websocket_port: Optional[int] = None,
    ) -> None:
        if ssl:
            raise NotImplementedByController("TLS")  # no selected test asks for it
        if self.test_config.account_registration_requires_email:
            raise NotImplementedByController("addresses of mail")  # docs/irc.md: none is asked for
        assert self.proc is None
        self.create_config()
        assert self.directory
        shutil.copytree(self._operated(), self.directory / "data")
        # irctest's host name is 0.0.0.0: it is what we listen on that counts.
        self.port = port
        settings = dict(SETTINGS)
        settings["gateway.irc"] = f"127.0.0.1:{port}"
        if password is not None:
            settings["gateway.irc_password"] = password
        if not self.test_config.account_registration_before_connect:
            settings["gateway.irc_register_before_connect"] = "false"
        settings["users.always_on"] = self._always_on()
        # A web socket is an upgrade of the gateway's HTTP port, at `/`.
        self._started = (self.directory / "data", settings, faketime, websocket_port)
        self._start(*self._started)

    def restart(self) -> None:
        """Goes on with the same data at the same port."""
        self.kill_proc()
        self.port_open = False
        self._start(*self._started)
        self.wait_for_port()

    def _always_on(self) -> str:
        """Tests say what they need in the words of Ergo's settings, which are ours here."""
        config = copy.deepcopy(BASE_CONFIG)
        if self.test_config.ergo_config:
            self.test_config.ergo_config(config)
        return config["accounts"]["multiclient"]["always-on"]

    def _start(
        self,
        data: Path,
        settings: Dict[str, str],
        faketime: Optional[str] = None,
        web_port: Optional[int] = None,
    ) -> None:
        def free() -> int:
            return self.get_hostname_and_port()[1]

        # The services find each other by these addresses: port 0 will not do.
        self.users_port = free()
        listen = {
            "gateway.lines": free(),
            "gateway.lines_tls": free(),
            "gateway.irc_tls": free(),
            "gateway.listen": web_port or free(),
            "users.listen": self.users_port,
            "channels.listen": free(),
            "messages.listen": free(),
            "logs.listen": free(),
        }
        settings = {**settings, **{key: f"127.0.0.1:{port}" for key, port in listen.items()}}
        command: List[str] = [BINARY, "--data", str(data)]
        for key, value in settings.items():
            command += ["--set", f"{key}={value}"]
        if faketime and shutil.which("faketime"):
            # Makes the two tests of ELIST C and T six seconds long, not six minutes.
            command = ["faketime", "-f", faketime, *command]
            self.faketime_enabled = True
        # A folder without a causerie.toml of somebody else's.
        self.proc = self.execute(command, proc_name="causerie", cwd=data)

    @classmethod
    def _operated(cls) -> Path:
        if cls._template is None:
            cls._template = _make_template(cls)
        return cls._template

    def wait_for_services(self) -> None:
        pass  # in the same process, up before the IRC port answers

    def registerUser(
        self, case: BaseServerTestCase, username: str, password: Optional[str] = None
    ) -> None:
        if not case.run_services:
            raise ValueError("Attempted to register a nick, but `run_services` it not True.")
        assert password
        self.wait_for_port()
        _register(self.users_port, username, password)


def _register(port: int, name: str, password: str) -> None:
    body = json.dumps({"name": name, "password": password}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/accounts", body, {"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            assert answer.status == 201, answer.status
    except urllib.error.HTTPError as error:
        raise AssertionError(f"registering {name}: {error.code} {error.read().decode()}")


def _make_template(cls: Type[CauserieController]) -> Path:
    """Starts a server once, makes the operator's account, and gives it its role."""
    from irctest.basecontrollers import TestCaseControllerConfig

    folder = Path(tempfile.mkdtemp(prefix="causerie-template-")) / "data"
    folder.mkdir()
    maker = cls(TestCaseControllerConfig())
    port = maker.get_hostname_and_port()[1]
    maker._start(folder, {**SETTINGS, "gateway.irc": f"127.0.0.1:{port}"})
    try:
        deadline = time.monotonic() + 30
        while True:
            maker.check_is_alive()
            try:
                _register(maker.users_port, **OPER)
                break
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
    finally:
        maker.kill()
    subprocess.run([BINARY, "--data", str(folder), "operator", "add", OPER["name"]], check=True, cwd=folder)
    return folder


def get_irctest_controller_class() -> Type[CauserieController]:
    return CauserieController
