//! `watch`: rescans on change and by the clock, serves what it found.
//!
//! One thread scans, one serves; a scrape costs a copy of text that is ready. Nothing is written.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::{self, Write as _};
use std::sync::mpsc::channel;
use std::sync::{Arc, RwLock};
use std::thread::sleep;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use pkidoctor::exam::Options;
use pkidoctor::read::{self, Footprint};
use pkidoctor::report::{self, Filter, Report};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::AbortHandle;

use super::scan;
use crate::args::{Manners, Watch, clock};
use crate::exit::Exit;
use crate::output::{Output, say};
use crate::render::About;
use crate::render::human::{self, Detail};
use crate::render::prometheus::{self, Counters};

/// How often it is asked whether something has changed.
const POLL: Duration = Duration::from_millis(250);
/// How far the times of files lag behind the clock, at most: a tick of the kernel.
const TICK: Duration = Duration::from_millis(20);
/// As many connections at once; for one more the oldest goes.
const CONNECTIONS: usize = 32;
/// A request that takes longer to arrive is given up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs `watch`, until it is told to stop.
///
/// # Errors
/// When the address cannot be listened on, or the output not be written.
pub(crate) fn run(watch: &Watch, manners: &Manners, out: &mut Output) -> io::Result<Exit> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let listener = match runtime.block_on(TcpListener::bind(watch.listen)) {
        Ok(listener) => listener,
        Err(error) => {
            say(&format!("cannot listen on {}: {error}", watch.listen));
            return Ok(Exit::CouldNotLook);
        }
    };
    let board = Arc::new(Board { shown: RwLock::default(), patience: watch.interval.saturating_mul(3) });
    let mut round = Round::new(watch);
    // who connects meanwhile waits: what is served is true from the first answer on
    let first = round.scan();
    tell(watch, &first, manners, out)?;
    board.put(&first, round.counters);
    // whoever has read that it serves may tell it to stop
    let stop = {
        let _within = runtime.enter();
        [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?]
    };
    if !manners.quiet {
        say(&format!("serving /metrics and /healthz on http://{}", listener.local_addr().unwrap_or(watch.listen)));
    }
    let (sender, ended) = channel();
    let served = Arc::clone(&board);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let why = runtime.block_on(serve(listener, stop, served));
            // nobody waits for it any more
            let _ = sender.send(why);
        });
        let mut verdict = first.report.verdict;
        loop {
            let waited = round.wait(watch.interval, || ended.try_recv().ok());
            if let Some(why) = waited {
                return why.map(|()| Exit::Clean);
            }
            let next = round.scan();
            board.put(&next, round.counters);
            if next.report.verdict != verdict || next.changed {
                tell(watch, &next, manners, out)?;
            }
            verdict = next.report.verdict;
        }
    })
}

/// What a scan gave.
struct Scanned {
    report: Report,
    error: Option<String>,
    at: OffsetDateTime,
    took: Option<Duration>,
    /// Whether it was made because something had changed.
    changed: bool,
}

/// The scans, one after the other.
struct Round<'w> {
    watch: &'w Watch,
    options: Options,
    filter: Filter,
    counters: Counters,
    footprint: Footprint,
    /// Whether something may have changed while it was read.
    racy: bool,
    changed: bool,
}

impl<'w> Round<'w> {
    fn new(watch: &'w Watch) -> Self {
        let (options, filter) = scan::choice(&watch.choice);
        Self {
            watch,
            options,
            filter,
            counters: Counters::default(),
            footprint: Footprint::default(),
            racy: false,
            changed: false,
        }
    }

    fn scan(&mut self) -> Scanned {
        let request = scan::request(&self.watch.place, self.watch.paths.clone());
        let (before, at) = (self.footprint.again(), clock());
        let (report, error) = match read::cluster(&request, at, self.watch.for_go) {
            Ok(cluster) => {
                self.footprint = Footprint::of(&request, &cluster);
                (report::examine(&cluster, &self.options, &self.filter), None)
            }
            Err(error) => {
                self.footprint = self.footprint.again();
                (Report::incomplete(at, self.watch.for_go), Some(error.to_string()))
            }
        };
        // what changed meanwhile, or so shortly before that its time does not tell, is looked at once more
        let fresh = self.footprint.newest().is_some_and(|newest| newest + TICK >= at && newest <= clock());
        self.racy = before != self.footprint || fresh;
        self.counters.scans += 1;
        self.counters.errors += u64::from(error.is_some());
        self.counters.changes += u64::from(self.changed);
        Scanned { report, error, at, took: scan::took(at), changed: std::mem::take(&mut self.changed) }
    }

    /// Waits for a change, for the interval to pass, or for the end.
    fn wait<T>(&mut self, interval: Duration, mut ended: impl FnMut() -> Option<T>) -> Option<T> {
        let mut waited = Duration::ZERO;
        while waited < interval {
            let step = POLL.min(interval.saturating_sub(waited));
            sleep(step);
            waited += step;
            if let Some(end) = ended() {
                return Some(end);
            }
            self.changed = self.footprint.again() != self.footprint;
            if self.changed || self.racy {
                return None;
            }
        }
        None
    }
}

/// A line for people, or the report for programs.
fn tell(watch: &Watch, scanned: &Scanned, manners: &Manners, out: &mut Output) -> io::Result<()> {
    if let Some(error) = &scanned.error {
        say(error);
        scan::incomplete(watch.for_go, &watch.paths, error, scanned.at, manners, out)?;
        return out.flush();
    }
    let detail = if manners.verbose { Detail::Usual } else { Detail::Quiet };
    let report = &scanned.report;
    super::tell(report, &About::default(), manners, out, |paper, _| human::report(report, paper, detail))?;
    out.flush()
}

/// What is served.
struct Board {
    shown: RwLock<Shown>,
    /// A scan that is older is no scan.
    patience: Duration,
}

#[derive(Default)]
struct Shown {
    metrics: Bytes,
    at: Option<OffsetDateTime>,
}

impl Board {
    fn put(&self, scanned: &Scanned, counters: Counters) {
        let about = About { error: scanned.error.as_deref(), took: scanned.took, ..About::default() };
        let metrics = Bytes::from(prometheus::text(&scanned.report, &about, Some(counters)));
        if let Ok(mut shown) = self.shown.write() {
            *shown = Shown { metrics, at: Some(scanned.at) };
        }
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut refused = plain(StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD\n");
            refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return refused;
        }
        match request.uri().path() {
            "/metrics" => {
                let metrics = self.shown.read().map(|shown| shown.metrics.clone()).unwrap_or_default();
                let mut response = Response::new(Full::new(metrics));
                let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
                response.headers_mut().insert(CONTENT_TYPE, kind);
                response
            }
            "/healthz" if self.is_fresh() => plain(StatusCode::OK, "ok\n"),
            "/healthz" => plain(StatusCode::SERVICE_UNAVAILABLE, "the last scan is too old\n"),
            "/" => plain(StatusCode::OK, "pkidoctor watch: /metrics, /healthz\n"),
            _ => plain(StatusCode::NOT_FOUND, "not found\n"),
        }
    }

    fn is_fresh(&self) -> bool {
        let at = self.shown.read().ok().and_then(|shown| shown.at);
        // a clock that was set back says nothing about the scans
        at.is_some_and(|at| Duration::try_from(clock() - at).is_ok_and(|age| age < self.patience) || at > clock())
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Serves until a signal says stop: as the first process of a container it would else be deaf to them.
async fn serve(listener: TcpListener, stop: [Signal; 2], board: Arc<Board>) -> io::Result<()> {
    let [mut terminate, mut interrupt] = stop;
    let mut open: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
        };
        let Ok((stream, _)) = accepted else {
            // out of descriptors, or a client that is gone: others come
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let board = Arc::clone(&board);
        let task = tokio::spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let response = board.answer(&request);
                async move { Ok::<_, Infallible>(response) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(PATIENCE)
                .max_buf_size(16 * 1024)
                .serve_connection(TokioIo::new(stream), service);
            // whoever does not read the answer loses it
            let _ = tokio::time::timeout(PATIENCE * 12, connection).await;
        });
        open.retain(|known| !known.is_finished());
        // a question is answered as soon as it is there: the oldest has asked nothing, or does not read
        if let Some(oldest) = (open.len() == CONNECTIONS).then(|| open.pop_front()).flatten() {
            oldest.abort();
        }
        open.push_back(task.abort_handle());
    }
}
