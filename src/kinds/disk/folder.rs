//! The folder behind a `disk`: files written into it and deleted again, never outside it.
//!
//! Whoever asks says what is done; threads of their own do it, because a disk may hold up whoever waits for it, and a load
//! must go on meanwhile.

use super::ballast::{Ballast, BallastError, Owner, Until, Wanted};
use super::faulty::{Fault, FaultyDisk, FaultyError, Lost, Sort, Tally};
use super::file::{NOISE, NewFile, Noise};
use super::hands::Hands;
use super::inodes::{Crowd, HIDDEN, Inodes};
use super::readonly::{self, ReadOnly, Seen};
use super::space::Space;
use crate::kinds::request::{Answer, RequestError, Requester};
use crate::lang::call::{Arguments, Call};
use crate::lang::value::Value;
use futures_util::future::LocalBoxFuture;
use globset::{GlobBuilder, GlobMatcher};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::sync::Mutex;

/// Folders nested deeper than this are not searched.
const MAX_DEPTH: usize = 64;

/// A declared disk: the folder it stands for.
pub struct Folder {
    place: Arc<Place>,
    block: Arc<[u8]>,
    random: RefCell<ChaCha8Rng>,
    hands: Hands,
    /// Held while ballast is let go, and while the disk is made read-only or writable again.
    freeing: Mutex<Freeing>,
}

/// What is let go of a disk.
#[derive(Default)]
struct Freeing {
    /// Nothing on it can be removed for now.
    refused: bool,
    /// Files that are no longer wanted, from while that was so.
    late: Vec<Crowd>,
}

/// Where a folder lies: what threads need to know of it.
struct Place {
    root: PathBuf,
    /// The disk that lies at it, where that is a faulty one.
    faulty: Option<Arc<FaultyDisk>>,
}

impl Folder {
    /// The folder at `root`, made where it is missing.
    pub fn open(root: impl Into<PathBuf>, seed: u64) -> io::Result<Folder> {
        Folder::on(root, seed, None)
    }

    /// The same where a faulty disk may lie there.
    pub fn on(root: impl Into<PathBuf>, seed: u64, faulty: Option<Arc<FaultyDisk>>) -> io::Result<Folder> {
        let place = Arc::new(Place { root: root.into(), faulty });
        fs::create_dir_all(&place.root)?;
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut block = vec![0; NOISE];
        random.fill(&mut block[..]);
        Ok(Folder {
            place,
            block: block.into(),
            random: RefCell::new(random),
            hands: Hands::default(),
            freeing: Mutex::default(),
        })
    }

    /// The folder's path.
    pub fn root(&self) -> &Path {
        &self.place.root
    }

    /// The way to what lies below it: to the folder itself, where no faulty disk is put over it.
    pub fn below(&self) -> PathBuf {
        self.place.below()
    }

    /// How many files lie in the folder, at any depth.
    pub fn files(&self) -> io::Result<u64> {
        self.place.files()
    }

    /// How full the file system under the folder is.
    pub fn space(&self) -> io::Result<Space> {
        Space::of(&self.place.root)
    }

    /// How many files the file system under the folder has and can have.
    pub fn inodes(&self) -> io::Result<Inodes> {
        Inodes::of(&self.place.root)
    }

    /// Fills the file system under the folder until so much of it is used, or it is told that this has ended.
    ///
    /// # Errors
    /// When nothing can be written there at all.
    pub async fn fill(
        &self,
        wanted: Wanted,
        owner: Owner,
        ended: Arc<AtomicBool>,
    ) -> Result<Ballast, BallastError> {
        let (place, noise) = (Arc::clone(&self.place), Arc::clone(&self.block));
        let taken = self.hands.carry_out(move |stop| {
            let until = Until { ended: &ended, stop };
            Ok(Ballast::take(&place.below(), wanted, &owner, &noise, until))
        });
        taken.await.map_err(|reason| self.unwritable(reason))?
    }

    /// Fills the file system under the folder with files, until so many of its inodes are used or it is told that this has
    /// ended.
    ///
    /// # Errors
    /// When none can be made there at all.
    pub async fn crowd(
        &self,
        wanted: Wanted,
        owner: Owner,
        ended: Arc<AtomicBool>,
    ) -> Result<Crowd, BallastError> {
        if self.freeing.lock().await.refused {
            return Err(self.unwritable(io::ErrorKind::ReadOnlyFilesystem.into()));
        }
        let place = Arc::clone(&self.place);
        let gathered = self.hands.carry_out(move |stop| {
            let until = Until { ended: &ended, stop };
            Ok(Crowd::gather((&place.below(), &place.root), wanted, &owner, until))
        });
        gathered.await.map_err(|reason| self.unwritable(reason))?
    }

    /// Makes a disk of soak's own that lies at the folder read-only.
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn protect(&self) -> io::Result<ReadOnly> {
        let mut freeing = self.freeing.lock().await;
        let place = Arc::clone(&self.place);
        let held = self.hands.carry_out(move |_| ReadOnly::begin(&place.root, place.faulty.as_ref())).await?;
        // What fills a faulty disk lies below it, where nothing is refused.
        freeing.refused = self.place.faulty.is_none();
        Ok(held)
    }

    /// Makes it writable again, and removes what was to go meanwhile.
    ///
    /// # Errors
    /// What the kernel says, and where it still cannot be written to.
    pub async fn unprotect(&self, held: ReadOnly) -> io::Result<Seen> {
        let mut freeing = self.freeing.lock().await;
        let place = Arc::clone(&self.place);
        let late = std::mem::take(&mut freeing.late);
        let ended = self.hands.carry_out(move |_| {
            let seen = held.end(&place.root)?;
            late.into_iter().try_for_each(Crowd::disperse).map_err(io::Error::other)?;
            Ok(seen)
        });
        let seen = ended.await?;
        freeing.refused = false;
        Ok(seen)
    }

    /// Whether nothing can be written there.
    ///
    /// # Errors
    /// When the folder cannot be looked at.
    pub async fn refuses(&self) -> io::Result<bool> {
        let place = Arc::clone(&self.place);
        self.hands.carry_out(move |_| readonly::refuses(&place.root)).await
    }

    /// Puts a fault of a faulty disk into the place of the one of its sort; gives what that one did.
    ///
    /// # Errors
    /// When the disk is gone.
    pub async fn set_fault(&self, sort: Sort, fault: Option<Fault>) -> Result<Tally, FaultyError> {
        let _freeing = self.freeing.lock().await;
        self.with_faulty(move |disk| disk.set(sort, fault)).await
    }

    /// Has a faulty disk forget what is not synced, or some of it.
    ///
    /// # Errors
    /// When the disk is gone.
    pub async fn lose(&self, torn: bool) -> Result<Lost, FaultyError> {
        self.with_faulty(move |disk| disk.lose(torn)).await
    }

    /// Takes a faulty disk away.
    pub fn end(&self) {
        if let Some(disk) = &self.place.faulty {
            disk.end();
        }
    }

    async fn with_faulty<Output: Send + 'static>(
        &self,
        work: impl FnOnce(&FaultyDisk) -> Result<Output, FaultyError> + Send + 'static,
    ) -> Result<Output, FaultyError> {
        let disk = self.place.faulty.clone().ok_or(FaultyError::Ended)?;
        let done = self.hands.carry_out(move |_| Ok(work(&disk)));
        done.await.map_err(|_| FaultyError::Ended)?
    }

    fn unwritable(&self, reason: io::Error) -> BallastError {
        BallastError::Write { folder: self.place.root.clone(), reason }
    }

    /// Lets ballast and such files go, which may have to wait for the disk too: files of a read-only one until it is that no
    /// longer.
    ///
    /// # Errors
    /// When some files are still there; the journal keeps them.
    pub async fn let_go(
        &self,
        ballast: Option<Ballast>,
        mut crowd: Option<Crowd>,
    ) -> Result<(), BallastError> {
        // Until both are gone, so that nobody looks in between.
        let mut freeing = self.freeing.lock().await;
        if freeing.refused {
            freeing.late.extend(crowd.take());
        }
        // Where no thread takes them any more, they are dropped with the question.
        let gone = self.hands.carry_out(move |_| {
            drop(ballast);
            Ok(crowd.map_or(Ok(()), Crowd::disperse))
        });
        gone.await.map_err(|reason| self.unwritable(reason))?
    }

    /// Waits until what is being undone is no more.
    pub async fn settled(&self) {
        drop(self.freeing.lock().await);
    }

    /// The file that the arguments describe, and its path relative to the folder.
    fn new_file(&self, arguments: &Arguments) -> Result<(String, NewFile), RequestError> {
        let relative = arguments.text("path").unwrap_or_default().to_string();
        let path = self.place.inside(&relative)?;
        let atomic = arguments.has("atomic");
        let file = if let Some(value) = arguments.value("json") {
            NewFile::of_bytes(path, atomic, value.to_json().to_string().into_bytes())
        } else if let Some(text) = arguments.value("text") {
            NewFile::of_bytes(path, atomic, text.to_string().into_bytes())
        } else {
            let size = arguments.number("size").unwrap_or(0.0).max(0.0).round() as u64;
            let seed = self.random.borrow_mut().random();
            NewFile::of_noise(path, atomic, Noise { block: Arc::clone(&self.block), seed, size })
        };
        Ok((relative, file))
    }

    async fn write(&self, arguments: &Arguments) -> Result<Answer, RequestError> {
        let (path, file) = self.new_file(arguments)?;
        self.settled().await;
        let written = self.hands.carry_out(move |stop| file.write(stop)).await;
        let bytes = written.map_err(|error| failed(&error))?;
        Ok(Answer { path: Some(path), bytes, ..Answer::default() })
    }

    /// Deletes the files that match a glob relative to the folder; gives how many.
    async fn delete(&self, pattern: &str) -> Result<u64, RequestError> {
        self.place.inside(pattern)?;
        let (place, matcher) = (Arc::clone(&self.place), matcher(pattern)?);
        let deleted = self.hands.carry_out(move |_| place.delete(&matcher)).await;
        deleted.map_err(|error| failed(&error))
    }
}

impl Place {
    fn below(&self) -> PathBuf {
        self.faulty.as_ref().map_or_else(|| self.root.clone(), |disk| disk.below())
    }

    /// Deletes the files that match; gives how many.
    fn delete(&self, matcher: &GlobMatcher) -> io::Result<u64> {
        let mut deleted = 0;
        self.visit(&self.root, 0, &mut |relative, path| {
            if matcher.is_match(relative) {
                fs::remove_file(path)?;
                deleted += 1;
            }
            Ok(())
        })?;
        Ok(deleted)
    }

    fn files(&self) -> io::Result<u64> {
        let mut count = 0;
        self.visit(&self.root, 0, &mut |_, _| {
            count += 1;
            Ok(())
        })?;
        Ok(count)
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
            // What a disk is filled with are no files of the system under test.
            if depth == 0 && entry.file_name().as_encoded_bytes().starts_with(HIDDEN.as_bytes()) {
                continue;
            }
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
        Box::pin(async move {
            match call.verb {
                "write" => self.write(&call.arguments).await,
                "delete" => {
                    let pattern = call.arguments.value("glob").map(Value::to_string).unwrap_or_default();
                    self.delete(&pattern).await.map(|_| Answer::default())
                }
                other => Err(RequestError::Invalid(format!("a disk cannot `{other}` in an action"))),
            }
        })
    }
}

fn matcher(pattern: &str) -> Result<GlobMatcher, RequestError> {
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| RequestError::Invalid(error.to_string()))
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

    fn run<Output>(future: impl Future<Output = Output>) -> Output {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn files_are_written_whole_and_deleted_by_glob() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::open(home.path().join("data"), 1).unwrap();
        let size = Value::Quantity(Quantity::measured(3_000_000.0, Dimension::SIZE));
        let answer = run(folder.write(&arguments("a/b/1.log", "size", size))).unwrap();
        assert_eq!((answer.path.as_deref(), answer.bytes), (Some("a/b/1.log"), 3_000_000));
        assert_eq!(fs::metadata(home.path().join("data/a/b/1.log")).unwrap().len(), 3_000_000);
        run(folder.write(&arguments("a/2.txt", "text", Value::Text("hello".into())))).unwrap();
        assert_eq!(folder.files().unwrap(), 2);
        assert_eq!(run(folder.delete("**/*.log")).unwrap(), 1);
        assert_eq!(folder.files().unwrap(), 1);
        assert!(folder.space().unwrap().free > 0);
    }

    #[test]
    fn nothing_outside_the_folder_is_touched() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("precious"), "x").unwrap();
        let folder = Folder::open(home.path().join("data"), 1).unwrap();
        for path in ["../precious", "/etc/hostname", "a/../../precious", ""] {
            let arguments = arguments(path, "text", Value::Text("gone".into()));
            assert!(matches!(run(folder.write(&arguments)), Err(RequestError::Invalid(_))), "{path}");
            assert!(matches!(run(folder.delete(path)), Err(RequestError::Invalid(_))), "{path}");
        }
        assert_eq!(fs::read_to_string(home.path().join("precious")).unwrap(), "x");
    }
}
