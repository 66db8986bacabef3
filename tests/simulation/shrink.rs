//! Makes a failing world smaller while the same invariant fails: a greedy search over the world's description.
//!
//! A library for this (proptest) shrinks values of its own strategies only, and replays its own seeds only. Here a
//! world is data: it can be printed, changed by hand, kept as a case, and reduced in a page of code.

use super::{
    invariants::Breach,
    play::play,
    world::{Clause, Deed, End, Member, Weather, World},
};

/// Runs that a search may take.
const MOST_RUNS: usize = 400;

/// The smallest world found, its failure, and the number of runs.
pub fn shrink(world: &World, breach: &Breach) -> (World, Breach, usize) {
    let (mut smallest, mut found, mut runs) = (world.clone(), breach.clone(), 0);
    loop {
        let smaller = smaller(&smallest, found.at).into_iter().find_map(|candidate| {
            if runs >= MOST_RUNS || candidate == smallest {
                return None;
            }
            runs += 1;
            let breach = play(&candidate).err()?;
            (breach.invariant == found.invariant).then_some((candidate, breach))
        });
        match smaller {
            Some(smaller) => (smallest, found) = smaller,
            None => return (smallest, found, runs),
        }
    }
}

/// Worlds with one thing less. The largest reduction comes first.
fn smaller(world: &World, failed_at: u64) -> Vec<World> {
    let mut worlds = Vec::new();
    let mut with = |change: &dyn Fn(&mut World)| {
        let mut changed = world.clone();
        change(&mut changed);
        worlds.push(changed);
    };
    if failed_at > 0 && failed_at + 1 < world.lasts {
        with(&|world| world.lasts = failed_at + 1);
    }
    for lasts in [world.lasts / 2, world.lasts * 7 / 8] {
        with(&|world| world.lasts = lasts.max(1));
    }
    with(&|world| world.end = End::Settle);
    for index in 0..world.exporters.len() {
        if world.exporters.len() > 1 {
            with(&|world| _ = world.exporters.remove(index));
        }
        for smaller in smaller_members(&world.exporters[index]) {
            with(&|world| world.exporters[index] = smaller.clone());
        }
    }
    worlds
}

fn smaller_members(member: &Member) -> Vec<Member> {
    let mut members = Vec::new();
    let mut with = |change: &dyn Fn(&mut Member)| {
        let mut changed = member.clone();
        change(&mut changed);
        members.push(changed);
    };
    for index in 0..member.weather.len() {
        with(&|member| _ = member.weather.remove(index));
    }
    for index in 0..member.application.len() {
        with(&|member| _ = member.application.remove(index));
    }
    for name in member.options.keys() {
        with(&|member| _ = member.options.remove(name));
    }
    for (index, clause) in member.weather.iter().enumerate() {
        for smaller in smaller_clauses(clause) {
            with(&|member| member.weather[index] = smaller.clone());
        }
        for what in simpler_weather(&clause.what) {
            with(&|member| member.weather[index].what = what.clone());
        }
    }
    for (index, clause) in member.application.iter().enumerate() {
        for smaller in smaller_clauses(clause) {
            with(&|member| member.application[index] = smaller.clone());
        }
        for what in simpler_deeds(&clause.what) {
            with(&|member| member.application[index].what = what.clone());
        }
    }
    members
}

/// The same clause once instead of repeatedly, earlier, or shorter.
fn smaller_clauses<T: Clone>(clause: &Clause<T>) -> Vec<Clause<T>> {
    let mut clauses = Vec::new();
    if clause.every > 0 {
        clauses.push(Clause { every: 0, ..clause.clone() });
    }
    if clause.from > 0 {
        clauses.push(Clause { from: 0, ..clause.clone() });
        clauses.push(Clause { from: clause.from / 2, ..clause.clone() });
        clauses.push(Clause { from: clause.from.div_ceil(1000).saturating_sub(1) * 1000, ..clause.clone() });
    }
    if clause.lasts > 1 && clause.lasts < u64::MAX {
        clauses.push(Clause { lasts: clause.lasts / 2, ..clause.clone() });
    }
    clauses
}

fn simpler_weather(weather: &Weather) -> Vec<Weather> {
    let mut simpler = Vec::new();
    if let Weather::Fail { signal, per_mille, status, retry_after } = *weather {
        if per_mille < 1000 {
            simpler.push(Weather::Fail { signal, per_mille: 1000, status, retry_after });
        }
        if retry_after.is_some() {
            simpler.push(Weather::Fail { signal, per_mille, status, retry_after: None });
        }
        if signal.is_some() {
            simpler.push(Weather::Fail { signal: None, per_mille, status, retry_after });
        }
    }
    simpler
}

fn simpler_deeds(deed: &Deed) -> Vec<Deed> {
    match *deed {
        Deed::Export { period, count, bytes, signal } => {
            let mut simpler = vec![
                Deed::Export { period: period * 2, count, bytes, signal },
                Deed::Export { period, count: count.div_ceil(2), bytes, signal },
                Deed::Export { period, count, bytes: bytes / 2, signal },
            ];
            if signal.is_none() {
                simpler.push(Deed::Export { period, count, bytes, signal: Some(0) });
            }
            simpler
        }
        Deed::Request { period, signal } => vec![Deed::Request { period: period * 2, signal }],
        Deed::Flush { period, within } => vec![Deed::Flush { period: period * 2, within }],
        Deed::Shutdown { .. } | Deed::Close => Vec::new(),
    }
}
