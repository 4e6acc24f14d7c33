//! A series of patients, all from one seed.

use crate::cluster::Cluster;
use crate::rng::Rng;
use crate::wounds::{self, Wound};
use std::path::Path;
use std::{io, thread};

/// Which patients to make.
#[derive(Clone, Copy, Debug)]
pub enum Plan {
    /// one wound each, all in turn, on clusters of every make; every other patient has random ones, one or two or none
    Mixed,
    /// exactly one wound each, all in turn
    Single,
    /// no wounds
    Healthy,
    /// this wound on every one
    Only(Wound),
}

/// Writes `count` patients below `directory`, named by their number.
///
/// # Errors
///
/// When a file cannot be written.
pub fn write(directory: &Path, count: u64, seed: u64, plan: Plan) -> io::Result<()> {
    let workers = thread::available_parallelism().map_or(1, usize::from) as u64;
    let share = |worker: u64| {
        (worker..count)
            .step_by(usize::try_from(workers).unwrap_or(1))
            .try_for_each(|index| patient(seed, index, plan).write(&directory.join(index.to_string())))
    };
    thread::scope(|scope| {
        let handles: Vec<_> = (0..workers).map(|worker| scope.spawn(move || share(worker))).collect();
        handles
            .into_iter()
            .try_for_each(|handle| handle.join().unwrap_or_else(|_| Err(io::Error::other("a worker panicked"))))
    })
}

/// Patient `index` of the series `seed`.
pub fn patient(seed: u64, index: u64, plan: Plan) -> Cluster {
    let mut rng = Rng::for_patient(seed, index);
    let all = wounds::all();
    let in_turn = |number: u64| all[usize::try_from(number).unwrap_or(0) % all.len()];
    let chosen = match plan {
        Plan::Healthy => Vec::new(),
        Plan::Only(wound) => vec![wound],
        Plan::Single => vec![in_turn(index)],
        Plan::Mixed if index % 2 == 1 => vec![in_turn(index / 2 + seed * 31)],
        Plan::Mixed => match rng.below(100) {
            0..12 => Vec::new(),
            12..50 => vec![wounds::any(&mut rng)],
            _ => vec![wounds::any(&mut rng), wounds::any(&mut rng)],
        },
    };
    wounded(&chosen, &mut rng)
}

/// A cluster that has a subject for each of the wounds, if one is found soon.
fn wounded(chosen: &[Wound], rng: &mut Rng) -> Cluster {
    for _ in 0..80 {
        let mut cluster = healthy(rng);
        let mut done = true;
        for wound in chosen {
            done &= cluster.inflict(*wound, rng);
        }
        if done {
            return cluster;
        }
    }
    healthy(rng)
}

fn healthy(rng: &mut Rng) -> Cluster {
    let seed = rng.draw();
    if rng.chance(15) { Cluster::kubeadm(seed) } else { Cluster::healthy(seed) }
}
