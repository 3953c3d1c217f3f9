//! Database servers of a test's own: in a temporary folder, on a free port, gone with the value. None of them runs as
//! root; where the tests do, the servers run as `nobody`.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid};
use tempfile::TempDir;

use crate::ports;

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the user `app` of a test's servers is known by.
pub const PASSWORD: &str = "opensesame-9137";

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    if geteuid().is_root() {
        let nobody = User::from_name("nobody").unwrap().unwrap();
        chown(folder.path(), Some(nobody.uid.as_raw()), Some(nobody.gid.as_raw())).unwrap();
    }
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    folder
}

/// A program as a user that is not root.
fn unprivileged(program: &Path) -> Command {
    let mut command = if geteuid().is_root() {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--pdeathsig=KILL"])
            .arg(program);
        command
    } else {
        Command::new(program)
    };
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
    command
}

/// The server's certificate, its key and the authority, where the server may read them and nobody else the key.
fn given_to_nobody(certificates: &Path, folder: &Path) {
    for name in ["ca.pem", "server.pem", "server.key"] {
        let copy = folder.join(name);
        fs::copy(certificates.join(name), &copy).unwrap();
        fs::set_permissions(&copy, Permissions::from_mode(0o600)).unwrap();
        if geteuid().is_root() {
            let nobody = User::from_name("nobody").unwrap().unwrap();
            chown(&copy, Some(nobody.uid.as_raw()), Some(nobody.gid.as_raw())).unwrap();
        }
    }
}

/// A program of PostgreSQL, which Debian keeps beside the path.
pub fn of_postgres(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().map_while(Result::ok);
    let mut found: Vec<PathBuf> = versions.map(|version| version.path().join("bin").join(name)).collect();
    found.sort();
    found.pop().filter(|path| path.exists()).unwrap_or_else(|| name.into())
}

fn succeeds(command: &mut Command) -> String {
    let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}:\n{out}{err}");
    out.trim().to_owned()
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < PATIENCE, "{what} took longer than {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn end(child: &mut Option<Child>, signal: Signal) {
    if let Some(mut child) = child.take() {
        let _ = kill(Pid::from_raw(child.id().try_into().unwrap()), signal);
        let _ = child.wait();
    }
}

/// A PostgreSQL with a database `app` and a user of that name.
pub struct Postgres {
    folder: TempDir,
    pub port: u16,
    server: Option<Child>,
    encrypted: bool,
}

impl Postgres {
    pub fn start() -> Postgres {
        Postgres::prepare(None)
    }

    /// One that takes no connection without TLS, with the certificates of a folder; from the user `robot` it wants one
    /// of the authority `ca`.
    #[allow(dead_code, reason = "only the tests of TLS want one")]
    pub fn encrypted(certificates: &Path) -> Postgres {
        Postgres::prepare(Some(certificates))
    }

    fn prepare(certificates: Option<&Path>) -> Postgres {
        let encrypted = certificates.is_some();
        let mut postgres = Postgres { folder: folder(), port: ports::free(), server: None, encrypted };
        let secret = postgres.folder.path().join("password");
        fs::write(&secret, PASSWORD).unwrap();
        fs::set_permissions(&secret, Permissions::from_mode(0o644)).unwrap();
        let mut initdb = unprivileged(&of_postgres("initdb"));
        initdb.arg("--pgdata").arg(postgres.data()).args([
            "--username=app",
            "--auth=scram-sha-256",
            "--no-sync",
        ]);
        succeeds(initdb.arg("--pwfile").arg(&secret));
        if let Some(certificates) = certificates {
            given_to_nobody(certificates, postgres.folder.path());
            let rules = "hostssl all robot 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n\
                         hostssl all all 127.0.0.1/32 scram-sha-256\n";
            fs::write(postgres.data().join("pg_hba.conf"), rules).unwrap();
        }
        postgres.begin();
        postgres.sql_in("postgres", "create database app");
        postgres.sql(&format!("create user robot password '{PASSWORD}'"));
        postgres
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What starts the server, listening at an address.
    fn server(&self, address: &str) -> Command {
        let mut server = unprivileged(&of_postgres("postgres"));
        server.arg("-D").arg(self.data()).args(["-p", &self.port.to_string()]);
        server.arg("-c").arg(format!("listen_addresses={address}"));
        let settings = [
            "unix_socket_directories=",
            "max_connections=20",
            "superuser_reserved_connections=2",
            "fsync=off",
            "deadlock_timeout=100ms",
        ];
        server.args(settings.iter().flat_map(|setting| ["-c", setting]));
        if self.encrypted {
            for (setting, file) in
                [("ssl_cert_file", "server.pem"), ("ssl_key_file", "server.key"), ("ssl_ca_file", "ca.pem")]
            {
                server.arg("-c").arg(format!("{setting}={}", self.folder.path().join(file).display()));
            }
            server.args(["-c", "ssl=on"]);
        }
        server
    }

    /// Starts the server again.
    pub fn begin(&mut self) {
        self.server = Some(self.server("127.0.0.1").spawn().unwrap());
        wait_until("PostgreSQL", || self.psql("postgres", "select 1").output().unwrap().status.success());
    }

    /// Ends the server in good order and hands over the command by which a scenario starts it on a host, where all
    /// hosts may come to it.
    #[allow(dead_code, reason = "only the tests of databases want one")]
    pub fn moved_to(&mut self, address: &str) -> String {
        end(&mut self.server, Signal::SIGINT);
        let rules = self.data().join("pg_hba.conf");
        let known = fs::read_to_string(&rules).unwrap();
        fs::write(rules, format!("{known}host all all all scram-sha-256\n")).unwrap();
        let server = self.server(address);
        let words = std::iter::once(server.get_program()).chain(server.get_args());
        words.map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    /// Ends the server at once, as a crash would.
    pub fn crash(&mut self) {
        end(&mut self.server, Signal::SIGQUIT);
    }

    pub fn url(&self) -> String {
        format!("postgres://app:{PASSWORD}@127.0.0.1:{}/app", self.port)
    }

    /// `psql` with a statement, as somebody else would use the database.
    pub fn psql(&self, database: &str, statement: &str) -> Command {
        let mut psql = Command::new(of_postgres("psql"));
        psql.args(["--no-psqlrc", "--tuples-only", "--no-align", "--host=127.0.0.1", "--username=app"]);
        psql.args(["--port", &self.port.to_string(), "--dbname", database, "--command", statement]);
        psql.env("PGPASSWORD", PASSWORD).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        psql
    }

    fn sql_in(&self, database: &str, statement: &str) -> String {
        succeeds(&mut self.psql(database, statement))
    }

    /// What a statement gives.
    pub fn sql(&self, statement: &str) -> String {
        self.sql_in("app", statement)
    }

    /// Waits until a query gives a value.
    pub fn wait(&self, query: &str, value: &str) {
        wait_until(query, || self.sql(query) == value);
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        end(&mut self.server, Signal::SIGQUIT);
    }
}

/// A MariaDB with a database `app` and a user of that name.
pub struct Mariadb {
    folder: TempDir,
    pub port: u16,
    server: Option<Child>,
}

impl Mariadb {
    pub fn start() -> Mariadb {
        Mariadb::prepare(None)
    }

    /// One that can do TLS, with the certificates of a folder.
    #[allow(dead_code, reason = "only the tests of TLS want one")]
    pub fn encrypted(certificates: &Path) -> Mariadb {
        Mariadb::prepare(Some(certificates))
    }

    fn prepare(certificates: Option<&Path>) -> Mariadb {
        let mut mariadb = Mariadb { folder: folder(), port: ports::free(), server: None };
        let data = format!("--datadir={}", mariadb.folder.path().join("data").display());
        let mut install = unprivileged(Path::new("mariadb-install-db"));
        let options = ["--auth-root-authentication-method=normal", "--skip-test-db"];
        succeeds(install.arg("--no-defaults").arg(&data).args(options));
        let mut server = unprivileged(Path::new("mariadbd"));
        server.arg("--no-defaults").arg(&data).arg(format!("--port={}", mariadb.port));
        server.arg(format!("--socket={}", mariadb.folder.path().join("socket").display()));
        server.args([
            "--bind-address=127.0.0.1",
            "--max-connections=20",
            "--innodb-flush-log-at-trx-commit=0",
        ]);
        if let Some(certificates) = certificates {
            given_to_nobody(certificates, mariadb.folder.path());
            for (option, file) in [("cert", "server.pem"), ("key", "server.key"), ("ca", "ca.pem")] {
                server.arg(format!("--ssl-{option}={}", mariadb.folder.path().join(file).display()));
            }
        }
        mariadb.server = Some(server.spawn().unwrap());
        wait_until("MariaDB", || mariadb.client("root", "select 1").output().unwrap().status.success());
        let grant = format!(
            "create database app; create user app@localhost identified by '{PASSWORD}'; \
             grant all on *.* to app@localhost"
        );
        succeeds(&mut mariadb.client("root", &grant));
        mariadb
    }

    pub fn url(&self) -> String {
        format!("mysql://app:{PASSWORD}@127.0.0.1:{}/app", self.port)
    }

    /// The client with a statement, as somebody else would use the database.
    pub fn client(&self, user: &str, statement: &str) -> Command {
        let mut client = Command::new("mariadb");
        client.args([
            "--no-defaults",
            "--protocol=tcp",
            "--host=127.0.0.1",
            "--skip-column-names",
            "--batch",
        ]);
        client.args([&format!("--port={}", self.port), &format!("--user={user}"), "--execute", statement]);
        if user == "app" {
            client.args([&format!("--password={PASSWORD}"), "--database=app"]);
        }
        client.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        client
    }

    /// What a statement gives.
    pub fn sql(&self, statement: &str) -> String {
        succeeds(&mut self.client("app", statement))
    }
}

impl Drop for Mariadb {
    fn drop(&mut self) {
        end(&mut self.server, Signal::SIGKILL);
    }
}
