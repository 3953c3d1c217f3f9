//! The folder behind a `disk`: files written into it and deleted again, never outside it.

use crate::kinds::request::{Answer, RequestError, Requester};
use crate::lang::call::{Arguments, Call};
use crate::lang::value::Value;
use futures_util::future::LocalBoxFuture;
use globset::{GlobBuilder, GlobMatcher};
use nix::sys::statvfs::statvfs;
use rand::{Rng, SeedableRng};
use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

/// The block that files are filled from, so that their content does not compress away.
const NOISE: usize = 1 << 20;
/// Folders nested deeper than this are not searched.
const MAX_DEPTH: usize = 64;

/// A declared disk: the folder it stands for.
pub struct Folder {
    root: PathBuf,
    noise: RefCell<Noise>,
}

struct Noise {
    block: Vec<u8>,
    random: rand_chacha::ChaCha8Rng,
}

/// What can be read of the file system under a folder.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Space {
    /// The share in use, as an unprivileged user sees it.
    pub used: f64,
    /// Free bytes for an unprivileged user.
    pub free: f64,
}

impl Folder {
    /// The folder at `root`, made where it is missing.
    pub fn open(root: impl Into<PathBuf>, seed: u64) -> io::Result<Folder> {
        let root = root.into();
        fs::create_dir_all(&root)?;
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let mut block = vec![0; NOISE];
        random.fill(&mut block[..]);
        Ok(Folder { root, noise: RefCell::new(Noise { block, random }) })
    }

    /// The folder's path.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Writes one file whole and closes it; gives the path relative to the folder and the bytes written.
    pub fn write(&self, arguments: &Arguments) -> Result<(String, u64), RequestError> {
        let relative = arguments.text("path").unwrap_or_default().to_string();
        let path = self.inside(&relative)?;
        let mut file = create(&path).map_err(|error| failed(&error))?;
        let written = if let Some(value) = arguments.value("json") {
            write_all(&mut file, value.to_json().to_string().as_bytes())
        } else if let Some(text) = arguments.value("text") {
            write_all(&mut file, text.to_string().as_bytes())
        } else {
            self.write_noise(&mut file, arguments.number("size").unwrap_or(0.0).max(0.0).round() as u64)
        };
        Ok((relative, written.map_err(|error| failed(&error))?))
    }

    fn write_noise(&self, file: &mut File, size: u64) -> io::Result<u64> {
        let mut noise = self.noise.borrow_mut();
        let mut left = size;
        while left > 0 {
            let start = noise.random.random_range(0..NOISE / 2);
            let length = left.min((NOISE - start) as u64) as usize;
            file.write_all(&noise.block[start..start + length])?;
            left -= length as u64;
        }
        Ok(size)
    }

    /// Deletes the files that match a glob relative to the folder; gives how many.
    pub fn delete(&self, pattern: &str) -> Result<u64, RequestError> {
        self.inside(pattern)?;
        let matcher = matcher(pattern)?;
        let mut deleted = 0;
        self.visit(&self.root, 0, &mut |relative, path| {
            if matcher.is_match(relative) {
                fs::remove_file(path)?;
                deleted += 1;
            }
            Ok(())
        })
        .map_err(|error| failed(&error))?;
        Ok(deleted)
    }

    /// How many files lie in the folder, at any depth.
    pub fn files(&self) -> io::Result<u64> {
        let mut count = 0;
        self.visit(&self.root, 0, &mut |_, _| {
            count += 1;
            Ok(())
        })?;
        Ok(count)
    }

    /// How full the file system under the folder is.
    pub fn space(&self) -> io::Result<Space> {
        let status = statvfs(&self.root)?;
        let block = status.fragment_size() as f64;
        let free = status.blocks_available() as f64 * block;
        let used = (status.blocks() - status.blocks_free()) as f64 * block;
        Ok(Space { used: used / (used + free).max(1.0), free })
    }

    /// Calls `file` with each file's path relative to the folder, and its whole path. Links are not followed.
    fn visit(
        &self,
        folder: &Path,
        depth: usize,
        file: &mut dyn FnMut(&Path, &Path) -> io::Result<()>,
    ) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                if depth < MAX_DEPTH {
                    self.visit(&path, depth + 1, file)?;
                }
            } else if let Ok(relative) = path.strip_prefix(&self.root) {
                file(relative, &path)?;
            }
        }
        Ok(())
    }

    /// The whole path of a relative one, which must not lead out of the folder.
    fn inside(&self, relative: &str) -> Result<PathBuf, RequestError> {
        let path = Path::new(relative);
        let plain = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if relative.is_empty() || !plain {
            return Err(RequestError::Invalid("the path leads out of the disk's folder".into()));
        }
        Ok(self.root.join(path))
    }
}

impl Requester for Folder {
    fn request<'a>(&'a self, _user: u64, call: &'a Call) -> LocalBoxFuture<'a, Result<Answer, RequestError>> {
        let outcome = match call.verb {
            "write" => self.write(&call.arguments).map(|(path, bytes)| Answer {
                path: Some(path),
                bytes,
                ..Answer::default()
            }),
            "delete" => {
                let pattern = call.arguments.value("glob").map(Value::to_string).unwrap_or_default();
                self.delete(&pattern).map(|_| Answer::default())
            }
            other => Err(RequestError::Invalid(format!("a disk cannot `{other}` in an action"))),
        };
        Box::pin(std::future::ready(outcome))
    }
}

fn matcher(pattern: &str) -> Result<GlobMatcher, RequestError> {
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| RequestError::Invalid(error.to_string()))
}

/// Makes a file, and the folders above it where they are not there: most of the time they are.
fn create(path: &Path) -> io::Result<File> {
    match (File::create(path), path.parent()) {
        (Err(error), Some(parent)) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(parent)?;
            File::create(path)
        }
        (created, _) => created,
    }
}

fn write_all(file: &mut File, content: &[u8]) -> io::Result<u64> {
    file.write_all(content)?;
    Ok(content.len() as u64)
}

/// The kind of an error names its cause; the path in it would make each one its own.
fn failed(error: &io::Error) -> RequestError {
    RequestError::Failed(error.kind().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::quantity::{Dimension, Quantity};

    fn arguments(path: &str, name: &'static str, value: Value) -> Arguments {
        let mut arguments = Arguments::default();
        arguments.push("path", vec![Value::Text(path.into())]);
        arguments.push(name, vec![value]);
        arguments
    }

    #[test]
    fn files_are_written_whole_and_deleted_by_glob() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::open(home.path().join("data"), 1).unwrap();
        let size = Value::Quantity(Quantity::measured(3_000_000.0, Dimension::SIZE));
        let (path, bytes) = folder.write(&arguments("a/b/1.log", "size", size)).unwrap();
        assert_eq!((path.as_str(), bytes), ("a/b/1.log", 3_000_000));
        assert_eq!(fs::metadata(home.path().join("data/a/b/1.log")).unwrap().len(), 3_000_000);
        folder.write(&arguments("a/2.txt", "text", Value::Text("hello".into()))).unwrap();
        assert_eq!(folder.files().unwrap(), 2);
        assert_eq!(folder.delete("**/*.log").unwrap(), 1);
        assert_eq!(folder.files().unwrap(), 1);
        assert!(folder.space().unwrap().free > 0.0);
    }

    #[test]
    fn nothing_outside_the_folder_is_touched() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("precious"), "x").unwrap();
        let folder = Folder::open(home.path().join("data"), 1).unwrap();
        for path in ["../precious", "/etc/hostname", "a/../../precious", ""] {
            let text = Value::Text("gone".into());
            assert!(
                matches!(folder.write(&arguments(path, "text", text)), Err(RequestError::Invalid(_))),
                "{path}"
            );
            assert!(matches!(folder.delete(path), Err(RequestError::Invalid(_))), "{path}");
        }
        assert_eq!(fs::read_to_string(home.path().join("precious")).unwrap(), "x");
    }
}
