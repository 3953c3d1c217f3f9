//! The virtual network of a run: its hosts, and the links between them.

use super::settings::settings;
use super::{Setup, SetupError};
use crate::check::scenario::Target;
use crate::kinds::host::message::{Plan, PlannedHost, PlannedLink};
use crate::kinds::host::network::Network;
use crate::lang::call::Arguments;
use crate::lang::value::Value;
use std::net::IpAddr;
use std::rc::Rc;

/// Makes the network that a scenario declares; none where it declares no host.
pub(super) fn begin(setup: &Setup) -> Result<Option<Rc<Network>>, SetupError> {
    let scenario = &setup.scenario;
    let of_kind = |kind: &'static str| scenario.targets.iter().filter(move |target| target.kind.name == kind);
    let Some(first) = of_kind("host").next() else { return Ok(None) };
    let mut plan = Plan { seed: setup.seed, scratch: setup.scratch.clone(), ..Plan::default() };
    for target in of_kind("host") {
        plan.hosts.push(host(target, &settings(setup, target)?)?);
    }
    for target in of_kind("link").filter(|target| target.setting("between").is_some()) {
        let settings = settings(setup, target)?;
        let place = |value: &Value| {
            let name = value.to_string();
            plan.hosts.iter().position(|host| host.name == name)
        };
        if let Some([one, other]) = settings.values("between")
            && let (Some(one), Some(other)) = (place(one), place(other))
        {
            plan.links.push(PlannedLink { name: target.name.clone(), between: (one, other) });
        }
    }
    let network = Network::begin(plan, &setup.run, &setup.recorder);
    network.map(Some).map_err(|error| SetupError::at(first.span, error))
}

/// Which of the planned links a declared one is.
pub(super) fn place_of(setup: &Setup, target: &Target) -> Option<usize> {
    let links = setup.scenario.targets.iter().filter(|target| target.kind.name == "link");
    links.filter(|link| link.setting("between").is_some()).position(|link| std::ptr::eq(link, target))
}

fn host(target: &Target, settings: &Arguments) -> Result<PlannedHost, SetupError> {
    let written = settings.text("address").unwrap_or_default();
    let address: IpAddr = written.parse().map_err(|_| {
        SetupError::at(target.span, format!("`{written}` is not an IP address, such as \"10.30.0.1\""))
    })?;
    Ok(PlannedHost { name: target.name.clone(), address })
}
