//! A real HAProxy.

use std::process::Command;

use crate::server_process::ServerProcess;

/// Starts HAProxy; `backend` is what stands in its one backend. `/robots.txt` is a 404 of its own.
pub(crate) fn haproxy(backend: &str) -> ServerProcess {
    haproxy_binding("", backend)
}

/// Starts HAProxy with more words in its `bind` line: `ssl crt FILE alpn h2`.
pub(crate) fn haproxy_binding(how: &str, backend: &str) -> ServerProcess {
    ServerProcess::start("haproxy", |folder, port| {
        let configuration = format!(
            "global\n  maxconn 100\ndefaults\n  mode http\n  timeout connect 1s\n  timeout client 60s\n  timeout server 60s\n\
             frontend pages\n  bind 127.0.0.1:{port} {how}\n  http-request return status 404 if {{ path /robots.txt }}\n\
               default_backend servers\nbackend servers\n{backend}\n"
        );
        std::fs::write(folder.join("haproxy.cfg"), configuration).unwrap();
        let mut command = Command::new("haproxy");
        command.arg("-db").arg("-f").arg(folder.join("haproxy.cfg"));
        command
    })
}
