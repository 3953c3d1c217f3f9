//! Which way each host takes to each other one: over the fewest links, the one declared first among equals.

use std::collections::VecDeque;

/// A way from one host to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// Where it leads.
    pub to: usize,
    /// The link it begins with.
    pub link: usize,
    /// The host at the other end of that.
    pub next: usize,
}

/// The ways from a host to all that it can reach, over links that join two hosts each.
pub(super) fn from(host: usize, hosts: usize, links: &[(usize, usize)]) -> Vec<Route> {
    let mut found: Vec<Option<Route>> = vec![None; hosts];
    let mut reached = VecDeque::from([host]);
    while let Some(here) = reached.pop_front() {
        for (link, (one, other)) in links.iter().enumerate() {
            let to = match here {
                _ if *one == here => *other,
                _ if *other == here => *one,
                _ => continue,
            };
            if to == host || found.get(to).is_none_or(Option::is_some) {
                continue;
            }
            // What is reached from here goes the way that leads here.
            let first = found[here].map_or(Route { to, link, next: to }, |way| Route { to, ..way });
            found[to] = Some(first);
            reached.push_back(to);
        }
    }
    found.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_way_is_taken() {
        // 0 - 1 - 2 - 3, and 0 - 4 - 3; 5 stands alone.
        let links = [(0, 1), (1, 2), (3, 2), (0, 4), (4, 3)];
        let ways = from(0, 6, &links);
        let told: Vec<_> = ways.iter().map(|way| (way.to, way.link, way.next)).collect();
        assert_eq!(told, [(1, 0, 1), (2, 0, 1), (3, 3, 4), (4, 3, 4)]);
        assert_eq!(from(5, 6, &links), []);
        assert_eq!(from(3, 6, &links)[0], Route { to: 0, link: 4, next: 4 });
    }
}
