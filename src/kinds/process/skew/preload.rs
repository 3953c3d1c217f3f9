//! The part of soak that is loaded into a process whose clock is skewed (LD_PRELOAD, ld.so(8)): it answers for the C library.
//!
//! Compiled on its own by `build.rs`, without any library, and carried in the binary. It maps a file of two numbers, by
//! the path in `SOAK_CLOCK`: how far the wall clock is ahead, in nanoseconds, which soak sets; and how often it was asked while it
//! was wrong, which is counted here. Where the file is not there everything is as it was.
//!
//! Moments that a process waits for are put back by as much, so that a skew makes no wait longer or shorter. Such a moment is one of the
//! wall clock where it lies behind the year 1985: clocks that begin with the machine never come that far.
#![no_std]

use core::ffi::{c_char, c_int, c_long, c_uint, c_ulong, c_void};
use core::mem::transmute;
use core::ptr::{null, null_mut};
use core::sync::atomic::{AtomicI64, AtomicPtr, AtomicU64, Ordering};

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// timespec(3) of 64-bit systems.
#[repr(C)]
#[derive(Clone, Copy)]
struct Timespec {
    seconds: i64,
    nanos: c_long,
}

/// timeval(3type).
#[repr(C)]
struct Timeval {
    seconds: i64,
    micros: c_long,
}

/// itimerspec(3type).
#[repr(C)]
#[derive(Clone, Copy)]
struct Timer {
    interval: Timespec,
    value: Timespec,
}

/// What soak and the process share.
#[repr(C)]
struct Shared {
    /// How far ahead the clock is, in nanoseconds.
    ahead: AtomicI64,
    /// How often it was asked while that was not zero.
    asked: AtomicU64,
}

unsafe extern "C" {
    fn getenv(name: *const c_char) -> *const c_char;
    fn open(path: *const c_char, flags: c_int, ...) -> c_int;
    fn close(descriptor: c_int) -> c_int;
    fn mmap(at: *mut c_void, length: usize, rights: c_int, flags: c_int, descriptor: c_int, offset: i64) -> *mut c_void;
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
}

const O_RDWR: c_int = 2;
const O_CLOEXEC: c_int = 0o2_000_000;
const READ_WRITE: c_int = 3;
const MAP_SHARED: c_int = 1;
const MAP_FAILED: usize = usize::MAX;
const NEXT: *mut c_void = usize::MAX as *mut c_void;
const CLOCK_REALTIME: c_int = 0;
const CLOCK_REALTIME_COARSE: c_int = 5;
const CLOCK_TAI: c_int = 11;
const TIMER_ABSTIME: c_int = 1;
const TIME_UTC: c_int = 1;
const SECOND: i64 = 1_000_000_000;
/// Seconds since 1970 behind which a moment is one of the wall clock.
const WALL: i64 = 500_000_000;

/// Nothing was tried yet, or `NONE` where there is no file.
static SHARED: AtomicPtr<Shared> = AtomicPtr::new(null_mut());
const NONE: *mut Shared = 1 as *mut Shared;

fn shared() -> Option<&'static Shared> {
    let known = SHARED.load(Ordering::Acquire);
    let found = if known.is_null() { map() } else { known };
    // SAFETY: what is neither null nor NONE is a mapping that stays for as long as the process.
    if found == NONE { None } else { unsafe { found.as_ref() } }
}

fn map() -> *mut Shared {
    // SAFETY: plain calls of the C library with texts that end with a zero byte; the mapping is as long as `Shared`.
    let found = unsafe {
        let path = getenv(c"SOAK_CLOCK".as_ptr());
        let descriptor = if path.is_null() { -1 } else { open(path, O_RDWR | O_CLOEXEC) };
        if descriptor < 0 {
            NONE
        } else {
            let mapped = mmap(null_mut(), size_of::<Shared>(), READ_WRITE, MAP_SHARED, descriptor, 0);
            close(descriptor);
            if mapped as usize == MAP_FAILED { NONE } else { mapped.cast() }
        }
    };
    SHARED.store(found, Ordering::Release);
    found
}

/// Before `main`, and before the process may change its environment.
#[used]
#[unsafe(link_section = ".init_array")]
static BEGIN: extern "C" fn() = {
    extern "C" fn begin() {
        shared();
    }
    begin
};

/// How far the clock is ahead; `asks` where it is asked.
fn ahead(asks: bool) -> i64 {
    let Some(shared) = shared() else { return 0 };
    let ahead = shared.ahead.load(Ordering::Relaxed);
    if asks && ahead != 0 {
        shared.asked.fetch_add(1, Ordering::Relaxed);
    }
    ahead
}

impl Timespec {
    fn plus(self, nanos: i64) -> Timespec {
        let (mut seconds, mut rest) = (nanos / SECOND, nanos % SECOND + self.nanos as i64);
        if rest < 0 {
            rest += SECOND;
            seconds -= 1;
        } else if rest >= SECOND {
            rest -= SECOND;
            seconds += 1;
        }
        Timespec { seconds: self.seconds.wrapping_add(seconds), nanos: rest as c_long }
    }

    /// A moment that is waited for, as the kernel knows it.
    fn awaited(self) -> Timespec {
        if self.seconds > WALL { self.plus(-ahead(false)) } else { self }
    }
}

/// The function of the same name that would have been called; found once.
struct Next {
    name: &'static core::ffi::CStr,
    /// The version that programs are linked with, where there are several.
    version: Option<&'static core::ffi::CStr>,
    found: AtomicPtr<c_void>,
}

impl Next {
    const fn new(name: &'static core::ffi::CStr) -> Next {
        Next { name, version: None, found: AtomicPtr::new(null_mut()) }
    }

    const fn of_version(name: &'static core::ffi::CStr, version: &'static core::ffi::CStr) -> Next {
        Next { name, version: Some(version), found: AtomicPtr::new(null_mut()) }
    }

    /// Not every C library has versions, nor the call that asks for one.
    fn of(&self, version: &core::ffi::CStr) -> *mut c_void {
        type Dlvsym = unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char) -> *mut c_void;
        // SAFETY: the texts end with a zero byte, and what goes by that name has this type.
        unsafe {
            let asks: Option<Dlvsym> = transmute(dlsym(NEXT, c"dlvsym".as_ptr()));
            asks.map_or(null_mut(), |asks| asks(NEXT, self.name.as_ptr(), version.as_ptr()))
        }
    }

    fn get(&self) -> *mut c_void {
        let known = self.found.load(Ordering::Acquire);
        if !known.is_null() {
            return known;
        }
        // SAFETY: both texts end with a zero byte.
        let found = unsafe {
            let versioned = self.version.map_or(null_mut(), |version| self.of(version));
            if versioned.is_null() { dlsym(NEXT, self.name.as_ptr()) } else { versioned }
        };
        self.found.store(found, Ordering::Release);
        found
    }
}

/// Calls what would have been called, with its own type.
macro_rules! next {
    ($place:expr, fn($($kind:ty),*) -> $gives:ty, $($value:expr),*) => {{
        // SAFETY: the C library's function of that name has this type.
        let function: unsafe extern "C" fn($($kind),*) -> $gives = unsafe { transmute($place.get()) };
        unsafe { function($($value),*) }
    }};
}

static CLOCK_GETTIME: Next = Next::new(c"clock_gettime");
static CLOCK_NANOSLEEP: Next = Next::new(c"clock_nanosleep");
static TIMERFD_SETTIME: Next = Next::new(c"timerfd_settime");
static TIMER_SETTIME: Next = Next::of_version(c"timer_settime", c"GLIBC_2.3.3");

fn is_wall(clock: c_int) -> bool {
    matches!(clock, CLOCK_REALTIME | CLOCK_REALTIME_COARSE | CLOCK_TAI)
}

/// The wall clock as it is, or nothing where the kernel refuses.
fn wall() -> Option<Timespec> {
    let mut now = Timespec { seconds: 0, nanos: 0 };
    let answer = next!(CLOCK_GETTIME, fn(c_int, *mut Timespec) -> c_int, CLOCK_REALTIME, &raw mut now);
    (answer == 0).then(|| now.plus(ahead(true)))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(clock: c_int, into: *mut Timespec) -> c_int {
    let answer = next!(CLOCK_GETTIME, fn(c_int, *mut Timespec) -> c_int, clock, into);
    if answer == 0 && is_wall(clock) {
        // SAFETY: the call has just written there.
        unsafe { *into = (*into).plus(ahead(true)) };
    }
    answer
}

#[unsafe(no_mangle)]
unsafe extern "C" fn gettimeofday(into: *mut Timeval, _zone: *mut c_void) -> c_int {
    let Some(now) = wall() else { return -1 };
    if !into.is_null() {
        // SAFETY: the caller gives a place for it.
        unsafe { *into = Timeval { seconds: now.seconds, micros: now.nanos / 1000 } };
    }
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn time(into: *mut i64) -> i64 {
    let seconds = wall().map_or(-1, |now| now.seconds);
    if !into.is_null() {
        // SAFETY: the caller gives a place for it.
        unsafe { *into = seconds };
    }
    seconds
}

#[unsafe(no_mangle)]
unsafe extern "C" fn timespec_get(into: *mut Timespec, base: c_int) -> c_int {
    match wall() {
        Some(now) if base == TIME_UTC => {
            // SAFETY: the caller gives a place for it.
            unsafe { *into = now };
            base
        }
        _ => 0,
    }
}

/// A moment given by its place, put back where it is one of the wall clock; `back` is where that is kept.
fn put_back(until: *const Timespec, back: &mut Timespec) -> *const Timespec {
    // SAFETY: the caller gives a moment, or nothing.
    match unsafe { until.as_ref() } {
        Some(until) => {
            *back = until.awaited();
            back
        }
        None => null(),
    }
}

const ZERO: Timespec = Timespec { seconds: 0, nanos: 0 };

#[unsafe(no_mangle)]
unsafe extern "C" fn clock_nanosleep(clock: c_int, flags: c_int, until: *const Timespec, left: *mut Timespec) -> c_int {
    let mut back = ZERO;
    let until = if flags & TIMER_ABSTIME != 0 && is_wall(clock) { put_back(until, &mut back) } else { until };
    next!(CLOCK_NANOSLEEP, fn(c_int, c_int, *const Timespec, *mut Timespec) -> c_int, clock, flags, until, left)
}

/// Functions that wait until a moment, which they take last. Those of one header call each other within the C library, where
/// nothing is answered for it: each has to be here.
macro_rules! waits {
    ($($next:expr, fn $name:ident($($value:ident: $kind:ty),*) -> $gives:ty;)*) => {$(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($value: $kind,)* until: *const Timespec) -> $gives {
            static NEXT_OF_IT: Next = $next;
            let mut back = ZERO;
            let until = put_back(until, &mut back);
            next!(NEXT_OF_IT, fn($($kind,)* *const Timespec) -> $gives, $($value,)* until)
        }
    )*};
}

type Object = *mut c_void;

waits! {
    Next::of_version(c"pthread_cond_timedwait", c"GLIBC_2.3.2"), fn pthread_cond_timedwait(condition: Object, mutex: Object) -> c_int;
    Next::new(c"pthread_cond_clockwait"), fn pthread_cond_clockwait(condition: Object, mutex: Object, clock: c_int) -> c_int;
    Next::new(c"pthread_mutex_timedlock"), fn pthread_mutex_timedlock(mutex: Object) -> c_int;
    Next::new(c"pthread_mutex_clocklock"), fn pthread_mutex_clocklock(mutex: Object, clock: c_int) -> c_int;
    Next::new(c"pthread_rwlock_timedrdlock"), fn pthread_rwlock_timedrdlock(lock: Object) -> c_int;
    Next::new(c"pthread_rwlock_timedwrlock"), fn pthread_rwlock_timedwrlock(lock: Object) -> c_int;
    Next::new(c"pthread_rwlock_clockrdlock"), fn pthread_rwlock_clockrdlock(lock: Object, clock: c_int) -> c_int;
    Next::new(c"pthread_rwlock_clockwrlock"), fn pthread_rwlock_clockwrlock(lock: Object, clock: c_int) -> c_int;
    Next::new(c"pthread_timedjoin_np"), fn pthread_timedjoin_np(thread: c_ulong, answer: Object) -> c_int;
    Next::new(c"pthread_clockjoin_np"), fn pthread_clockjoin_np(thread: c_ulong, answer: Object, clock: c_int) -> c_int;
    Next::new(c"sem_timedwait"), fn sem_timedwait(semaphore: Object) -> c_int;
    Next::new(c"sem_clockwait"), fn sem_clockwait(semaphore: Object, clock: c_int) -> c_int;
    Next::new(c"cnd_timedwait"), fn cnd_timedwait(condition: Object, mutex: Object) -> c_int;
    Next::new(c"mtx_timedlock"), fn mtx_timedlock(mutex: Object) -> c_int;
    Next::new(c"mq_timedsend"), fn mq_timedsend(queue: c_int, message: Object, length: usize, priority: c_uint) -> c_int;
    Next::new(c"mq_timedreceive"), fn mq_timedreceive(queue: c_int, message: Object, length: usize, priority: Object) -> isize;
}

/// A timer that ends at a moment, put back likewise.
fn put_back_timer(flags: c_int, timer: *const Timer, back: &mut Timer) -> *const Timer {
    // SAFETY: the caller gives a timer, or nothing.
    match unsafe { timer.as_ref() } {
        Some(timer) if flags & TIMER_ABSTIME != 0 => {
            *back = Timer { interval: timer.interval, value: timer.value.awaited() };
            back
        }
        _ => timer,
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn timerfd_settime(descriptor: c_int, flags: c_int, timer: *const Timer, old: *mut Timer) -> c_int {
    let mut back = Timer { interval: ZERO, value: ZERO };
    let timer = put_back_timer(flags, timer, &mut back);
    next!(TIMERFD_SETTIME, fn(c_int, c_int, *const Timer, *mut Timer) -> c_int, descriptor, flags, timer, old)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn timer_settime(id: *mut c_void, flags: c_int, timer: *const Timer, old: *mut Timer) -> c_int {
    let mut back = Timer { interval: ZERO, value: ZERO };
    let timer = put_back_timer(flags, timer, &mut back);
    next!(TIMER_SETTIME, fn(*mut c_void, c_int, *const Timer, *mut Timer) -> c_int, id, flags, timer, old)
}
