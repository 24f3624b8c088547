//! One worker: a thread with a runtime of its own, and the users that live on it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, LocalOptions};
use tokio::task::JoinSet;

use super::client::{Endpoint, Endpoints, Reach};
use super::control::Control;
use super::health;
use super::pacer::{self, Pacer};
use super::recorder::{Recorder, Window, micros};
use super::schedule::{Closed, Next, Open, Schedule};
use super::seat::{Seat, Shared};
use super::user::User;

/// What a worker brings back.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) recorder: Recorder,
    /// Processor time that it used.
    pub(crate) cpu: Duration,
    /// From the release to its end.
    pub(crate) lasted: Duration,
    /// Its longest stall.
    pub(crate) stall: Duration,
}

/// What a worker is started with.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) number: usize,
    pub(crate) shared: Arc<Shared>,
    /// The target.
    pub(crate) reach: Reach,
    /// Its endpoint, whose name was looked up already.
    pub(crate) base: Endpoint,
    pub(crate) window: Window,
    pub(crate) control: Control,
    /// Tells that everything is set up.
    pub(crate) ready: mpsc::Sender<()>,
    /// The instant of the release.
    pub(crate) release: mpsc::Receiver<Instant>,
}

/// Runs a worker until its users are through or are stopped. `None` where the release never came.
pub(crate) fn run(order: Order) -> Result<Option<Measured>, super::EngineError> {
    let Order { number, shared, reach, base, window, control, ready, release } = order;
    let mut builder = Builder::new_current_thread();
    let runtime =
        builder.enable_all().build_local(LocalOptions::default()).map_err(super::EngineError::Runtime)?;
    let endpoints = Rc::new(Endpoints::new(reach, base));
    let scenario = &shared.scenario;
    let mut recorder = Recorder::new(
        Instant::now(),
        window,
        scenario.steps.len(),
        scenario.classes.len(),
        scenario.counters.len(),
    );
    recorder.limit(scenario.steps.iter().map(|step| step.goodput));
    let seat = Rc::new(Seat::new(shared.clone(), number, endpoints, recorder));
    let early: Vec<Vec<Rc<User>>> =
        (0..shared.classes.len()).map(|class| released_together(&seat, class)).collect();
    // Whoever waits for it knows how many workers there are, and gives up when one is gone.
    let _ = ready.send(());
    drop(ready);
    let Ok(released) = release.recv() else { return Ok(None) };
    seat.recorder.borrow_mut().released = released;
    let cpu = health::thread_cpu();
    let stall = Cell::new(Duration::ZERO);
    runtime.block_on(async {
        tokio::select! {
            biased;
            () = control.stopped() => {}
            () = execute(&seat, early) => {}
            () = health::heartbeat(&stall) => {}
        }
    });
    let lasted = released.elapsed();
    let cpu = health::thread_cpu().saturating_sub(cpu);
    // Requests that are still under way are aborted here.
    drop(runtime);
    let empty = Recorder::new(released, window, 0, 0, 0);
    let recorder = seat.recorder.replace(empty);
    Ok(Some(Measured { recorder, cpu, lasted, stall: stall.get() }))
}

/// The users of a closed load that begin at the release, set up beforehand.
fn released_together(seat: &Rc<Seat>, class: usize) -> Vec<Rc<User>> {
    let Schedule::Closed(schedule) = &seat.shared.classes[class].schedule else { return Vec::new() };
    let numbers = own_numbers(seat, schedule.users());
    let early = numbers.take_while(|user| schedule.begin(*user) == Some(Duration::ZERO));
    early.map(|number| new_user(seat, class, number)).collect()
}

fn new_user(seat: &Rc<Seat>, class: usize, number: u32) -> Rc<User> {
    let index = seat.shared.classes[class].first_user + number;
    Rc::new(User::new(seat, class, number, index))
}

/// The numbers that fall to this worker.
fn own_numbers(seat: &Seat, users: u32) -> impl Iterator<Item = u32> + use<> {
    (seat.number as u32..users).step_by(seat.shared.workers)
}

async fn execute(seat: &Rc<Seat>, early: Vec<Vec<Rc<User>>>) {
    let mut classes = JoinSet::new();
    for (class, early) in early.into_iter().enumerate() {
        let seat = seat.clone();
        classes.spawn_local(async move {
            let shared = seat.shared.clone();
            match &shared.classes[class].schedule {
                Schedule::Closed(schedule) => closed(&seat, class, &**schedule, early).await,
                Schedule::Open(schedule) => open(&seat, class, &**schedule).await,
            }
        });
    }
    finish(&mut classes).await;
}

/// Waits for all tasks; a panic in one is a panic here.
async fn finish(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        reap(ended);
    }
}

fn reap(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}

/// Releases the users of a closed load.
async fn closed(seat: &Rc<Seat>, class: usize, schedule: &dyn Closed, early: Vec<Rc<User>>) {
    let released = seat.released();
    let mut pacer = Pacer::new();
    let mut users = JoinSet::new();
    let rest = own_numbers(seat, schedule.users()).skip(early.len());
    pacer.until(released).await;
    for user in early {
        user.released.set(true);
        users.spawn_local(come_back(user, Duration::ZERO));
    }
    for number in rest {
        let Some(begin) = schedule.begin(number) else { continue };
        pacer.until(released + begin).await;
        users.spawn_local(come_back(new_user(seat, class, number), begin));
    }
    finish(&mut users).await;
}

/// The life of a user of a closed load.
async fn come_back(user: Rc<User>, begin: Duration) {
    let shared = user.seat.shared.clone();
    let class = &shared.classes[user.class];
    let Schedule::Closed(schedule) = &class.schedule else { return };
    let released = user.seat.released();
    let mut due = Some(released + begin);
    let mut own = 0;
    user.begin();
    loop {
        let shares = schedule.shares();
        let count = if shares { class.taken.fetch_add(1, std::sync::atomic::Ordering::Relaxed) } else { own };
        match schedule.next(user.number, count, released.elapsed()) {
            Next::Now => {
                user.flow(count, shares, due.take()).await;
                own += 1;
            }
            Next::At(time) => {
                user.rest();
                due = Some(released + time);
                pacer::pause_until(released + time).await;
                user.begin();
            }
            Next::Done => break,
        }
    }
    user.sockets.end(&user, true).await;
    user.rest();
}

/// Begins the flows of an open load.
async fn open(seat: &Rc<Seat>, class: usize, schedule: &dyn Open) {
    let released = seat.released();
    let workers = seat.shared.workers;
    let shared = &seat.shared.classes[class];
    let free: Rc<RefCell<Vec<Rc<User>>>> = Rc::default();
    let mut known = 0;
    let mut pacer = Pacer::new();
    let mut flows = JoinSet::new();
    let numbered = schedule.due().zip(0_u64..).skip(seat.number).step_by(workers);
    for (due, number) in numbered {
        let due = released + due;
        pacer.until(due).await;
        if !shared.enter(schedule.max_users()) {
            seat.recorder.borrow_mut().dropped += 1;
            // A schedule that lies wholly in the past must not keep the flows under way from ending.
            tokio::task::yield_now().await;
            continue;
        }
        let idle = free.borrow_mut().pop();
        let user = idle.unwrap_or_else(|| {
            known += 1;
            new_user(seat, class, (known - 1) * workers as u32 + seat.number as u32)
        });
        let free = free.clone();
        flows.spawn_local(async move {
            let late = Instant::now().saturating_duration_since(due);
            user.seat.recorder.borrow_mut().lateness.record(micros(late));
            user.begin();
            user.flow(number, true, Some(due)).await;
            user.rest();
            user.seat.shared.classes[user.class].leave();
            free.borrow_mut().push(user.clone());
        });
        while let Some(ended) = flows.try_join_next() {
            reap(ended);
        }
    }
    finish(&mut flows).await;
    let idle = free.take();
    for user in idle {
        user.sockets.end(&user, true).await;
    }
}
