//! What is printed once everything is up: where to go, what to type first, where the data is.

use std::{fmt::Write, net::SocketAddr, path::PathBuf, time::Duration};

use crate::Config;

pub(crate) struct Banner {
    network: String,
    data: PathBuf,
    chat: SocketAddr,
    chat_tls: SocketAddr,
    irc: SocketAddr,
    web: SocketAddr,
    services: [(&'static str, SocketAddr); 5],
}

impl Banner {
    pub(crate) fn of(config: &Config) -> Self {
        let data = &config.gateway.common.data;
        Self {
            network: config.gateway.common.network.clone(),
            data: std::path::absolute(data).unwrap_or_else(|_| data.clone()),
            chat: config.gateway.service.lines,
            chat_tls: config.gateway.service.lines_tls,
            irc: config.gateway.service.irc,
            web: config.gateway.service.listen,
            services: [
                ("gateway", config.gateway.service.listen),
                ("user-service", config.users.service.listen),
                ("channel-service", config.channels.service.listen),
                ("message-service", config.messages.service.listen),
                ("log-service", config.logs.service.listen),
            ],
        }
    }

    fn text(&self, took: Duration) -> String {
        let mut text = format!(
            "\n  {} is up in {} ms (causerie {})\n\n",
            self.network,
            took.as_millis(),
            env!("CARGO_PKG_VERSION")
        );
        let mut row = |what: &str, value: &str| {
            let _ = writeln!(text, "  {what:<16} {value}");
        };
        row("chat", &format!("nc {} {}   then type: /nick alice", self.chat.ip(), self.chat.port()));
        row("over TLS", &format!("openssl s_client -quiet -connect {}", self.chat_tls));
        row("IRC", &format!("/connect {} {}", self.irc.ip(), self.irc.port()));
        row("in a browser", &format!("http://{}/", self.web));
        for (name, address) in self.services {
            row(name, &format!("http://{address}/docs"));
        }
        row("data", &self.data.display().to_string());
        row("stop", "Ctrl-C");
        text
    }

    /// On standard output, whole: logs go to standard error.
    pub(crate) fn print(&self, took: Duration) {
        kit::service::print(format_args!("{}\n", self.text(took)));
    }
}
