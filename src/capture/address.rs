//! Where may a source be, and how do people write it?

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use crate::error::{Error, Result};

/// Which addresses other than loopback may be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Hosts, as written, that a call may connect to besides loopback.
    pub hosts: Vec<String>,
    /// Whether any address may be listened on: producers are not authenticated.
    pub listen_any: bool,
}

/// Host and port of a trace port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    host: String,
    port: u16,
}

impl Peer {
    /// Reads `HOST:PORT`, the port alone for this machine.
    pub(super) fn read(text: &str) -> Result<Self> {
        let wrong = || {
            Error::invalid(format!(
                "dbg: got {text:?}; expected HOST:PORT of a trace port, such as \"127.0.0.1:4711\" or \"[::1]:4711\""
            ))
        };
        let (host, port) = text.trim().rsplit_once(':').unwrap_or(("127.0.0.1", text.trim()));
        let port = port.parse().ok().filter(|port| *port > 0).ok_or_else(wrong)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let is_bracketed = bare.len() < host.len();
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let is_good = if is_bracketed { bare.parse::<Ipv6Addr>().is_ok() } else { bare.chars().all(is_name) };
        if bare.is_empty() || !is_good {
            return Err(wrong());
        }
        Ok(Self { host: bare.to_owned(), port })
    }

    /// As it is shown.
    pub(super) fn name(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Whether only this machine can be meant. A name other than `localhost` may lead anywhere.
    fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost") || self.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    }

    /// Refuses what a call may not connect to.
    pub(super) fn admit(&self, reach: &Reach) -> Result<()> {
        if self.is_loopback() || reach.hosts.iter().any(|host| host.eq_ignore_ascii_case(&self.host)) {
            return Ok(());
        }
        let known = if reach.hosts.is_empty() { "none".to_owned() } else { reach.hosts.join(", ") };
        Err(Error::invalid(format!(
            "dbg: {} is not this machine; calls connect to loopback and to hosts the server was started with \
             (--capture-host HOST; now: {known}), so that nobody can be led to connect elsewhere",
            self.name()
        )))
    }

    /// The addresses to try, in order.
    pub(super) fn resolve(&self) -> std::io::Result<Vec<SocketAddr>> {
        if self.host.eq_ignore_ascii_case("localhost") {
            // Whatever a resolver makes of the name, this machine is meant. The trace port listens on IPv4.
            let (v4, v6) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST));
            return Ok(vec![SocketAddr::new(v4, self.port), SocketAddr::new(v6, self.port)]);
        }
        Ok((self.host.as_str(), self.port).to_socket_addrs()?.collect())
    }
}

/// Reads `[ADDR:]PORT` to listen on; without an address, on loopback.
pub(super) fn listen_address(text: &str, reach: &Reach) -> Result<SocketAddr> {
    let text = text.trim();
    let on_loopback = || text.parse().ok().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let named = || {
        let port = text.strip_prefix("localhost:")?.parse().ok()?;
        Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    };
    let address: SocketAddr = text.parse().ok().or_else(on_loopback).or_else(named).ok_or_else(|| {
        Error::invalid(format!(
            "listen: got {text:?}; expected a port, such as \"4712\" (0 takes a free one), or an IP address and a port, \
             such as \"127.0.0.1:4712\""
        ))
    })?;
    if !address.ip().is_loopback() && !reach.listen_any {
        return Err(Error::invalid(format!(
            "listen: {address} can be reached from other machines, and whoever reaches it can store events: producers \
             are not authenticated; start the server with --listen-any to allow it, or listen on 127.0.0.1:{}",
            address.port()
        )));
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_ports_are_read_as_people_write_them() {
        for (text, name) in [
            ("127.0.0.1:4711", "127.0.0.1:4711"),
            ("4711", "127.0.0.1:4711"),
            ("localhost:4711", "localhost:4711"),
            ("[::1]:4711", "[::1]:4711"),
            ("app-1.internal:9", "app-1.internal:9"),
        ] {
            assert_eq!(Peer::read(text).unwrap().name(), name);
        }
        for wrong in ["", ":4711", "::1:4711", "host", "host:0", "host:65536", "http://host:80", "a b:1", "[x]:1"] {
            assert!(Peer::read(wrong).unwrap_err().to_string().contains("127.0.0.1:4711"), "{wrong}");
        }
    }

    #[test]
    fn calls_connect_to_this_machine_and_to_hosts_that_were_named() {
        let reach = Reach { hosts: vec!["app".to_owned()], listen_any: false };
        for here in ["localhost:1", "127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "APP:1"] {
            Peer::read(here).unwrap().admit(&reach).unwrap();
        }
        for there in ["10.0.0.1:1", "example.com:1", "0.0.0.0:1", "localhost.example.com:1"] {
            let refusal = Peer::read(there).unwrap().admit(&reach).unwrap_err().to_string();
            assert!(refusal.contains("--capture-host") && refusal.contains("now: app"), "{refusal}");
        }
    }

    #[test]
    fn other_addresses_than_loopback_are_listened_on_only_if_that_was_said() {
        let (near, far) = (Reach::default(), Reach { listen_any: true, ..Reach::default() });
        for (text, address) in [("4712", "127.0.0.1:4712"), ("localhost:0", "127.0.0.1:0"), ("[::1]:5", "[::1]:5")] {
            assert_eq!(listen_address(text, &near).unwrap().to_string(), address);
        }
        assert!(listen_address("0.0.0.0:4712", &near).unwrap_err().to_string().contains("--listen-any"));
        assert_eq!(listen_address("0.0.0.0:4712", &far).unwrap().port(), 4712);
        for wrong in ["", "port", "99999", "host:1", "1.2.3.4"] {
            assert!(listen_address(wrong, &far).unwrap_err().to_string().contains("127.0.0.1:4712"), "{wrong}");
        }
    }
}
