//! A real Varnish.

use std::process::Command;

use crate::server_process::ServerProcess;

/// Starts Varnish in front of a backend on loopback. `/robots.txt` is a 404 of its own, without the Retry-After that
/// Varnish puts on all its pages.
pub(crate) fn varnish(backend_port: u16) -> ServerProcess {
    ServerProcess::start("varnishd", |folder, port| {
        let configuration = format!(
            "vcl 4.1;\nbackend default {{ .host = \"127.0.0.1\"; .port = \"{backend_port}\"; }}\n\
             sub vcl_recv {{ if (req.url == \"/robots.txt\") {{ return (synth(404)); }} }}\n\
             sub vcl_synth {{ if (resp.status == 404) {{ unset resp.http.Retry-After; }} }}\n"
        );
        std::fs::write(folder.join("pages.vcl"), configuration).unwrap();
        let mut command = Command::new("varnishd");
        // Without jail: the folder belongs to whoever runs the test.
        command.args(["-j", "none", "-F", "-s", "malloc,8m"]);
        command.arg("-n").arg(folder.join("state")).arg("-f").arg(folder.join("pages.vcl"));
        command.arg("-a").arg(format!("127.0.0.1:{port}"));
        command
    })
}
