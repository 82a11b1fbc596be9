//! A real nginx.

use std::path::Path;
use std::process::Command;

use crate::server_process::ServerProcess;

/// A line of its access log.
#[derive(Debug)]
pub(crate) struct Served {
    /// When the answer was complete, in seconds since 1970.
    pub(crate) at: f64,
    pub(crate) status: u16,
    pub(crate) target: String,
}

/// Starts nginx; `http` and `server` are what stands in those blocks. `/robots.txt` is a 404 unless `server` says otherwise.
pub(crate) fn nginx(http: &str, server: &str) -> ServerProcess {
    nginx_listening("", http, server)
}

/// Starts nginx with more words in its `listen` line: `ssl http2`.
pub(crate) fn nginx_listening(how: &str, http: &str, server: &str) -> ServerProcess {
    ServerProcess::start("nginx", |folder, port| {
        std::fs::create_dir(folder.join("pages")).unwrap();
        let paths =
            ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|name| format!("{name}_temp_path {name};\n")).concat();
        let robots = if server.contains("/robots.txt") { "" } else { "location = /robots.txt { return 404; }" };
        let configuration = format!(
            "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\nevents {{ }}\nhttp {{\n{paths}\
             log_format short '$msec $status $request_uri';\naccess_log access.log short;\n{http}\n\
             server {{\nlisten 127.0.0.1:{port} {how};\nroot pages;\n{robots}\n{server}\n}}\n}}\n"
        );
        std::fs::write(folder.join("nginx.conf"), configuration).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-p").arg(folder).args(["-e", "stderr", "-c", "nginx.conf"]);
        command
    })
}

/// What nginx has served of pages, in its order.
pub(crate) fn served(folder: &Path) -> Vec<Served> {
    let log = std::fs::read_to_string(folder.join("access.log")).unwrap();
    let lines = log.lines().map(|line| {
        let mut words = line.split(' ');
        let mut word = || words.next().unwrap();
        Served { at: word().parse().unwrap(), status: word().parse().unwrap(), target: word().to_owned() }
    });
    lines.filter(|served| served.target != "/robots.txt").collect()
}
