//! Finds the rule for a request: a tree over path segments.
//!
//! Literals win over `*`, and `*` over `**`. The path is matched as it was sent: nothing is decoded, merged or resolved.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use http::Method;
use prost_reflect::DescriptorPool;

use super::rule::{Rule, RuleError, Verb, rules_of};
use super::template::Atom;

/// Every route of a descriptor set.
#[derive(Debug, Default)]
pub struct Table {
    root: Node,
    verbs: BTreeSet<String>,
    rules: Vec<Arc<Rule>>,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<String, Node>,
    single: Option<Box<Node>>,
    ends: Vec<Arc<Rule>>,
    rest: Vec<Arc<Rule>>,
}

/// What a request comes to.
#[derive(Debug)]
pub enum Found<'t> {
    /// This rule; the path's segments lie at these places in it.
    Rule(&'t Arc<Rule>, Vec<Range<usize>>),
    /// The path is known, with other methods.
    OtherMethods(Vec<Method>),
    /// The path is unknown.
    Nothing,
}

impl Table {
    /// The rules of every service in `pool` that `serves` accepts.
    pub fn of(pool: &DescriptorPool, serves: impl Fn(&str) -> bool) -> Result<Self, RuleError> {
        let mut table = Self::default();
        for service in pool.services().filter(|service| serves(service.full_name())) {
            for method in service.methods() {
                for rule in rules_of(&method)? {
                    table.insert(rule, method.parent_file().name())?;
                }
            }
        }
        Ok(table)
    }

    /// Every rule, in the order of the descriptor set.
    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    /// The methods that any rule answers to.
    pub fn methods(&self) -> Vec<Method> {
        let mut methods = Vec::new();
        self.rules.iter().for_each(|rule| note(&mut methods, &rule.verb));
        methods
    }

    /// Finds the rule for `path`, the raw path of the request target. HEAD is answered by the rule for GET.
    pub fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let Some(segments) = segments(path) else { return Found::Nothing };
        let mut search = Search { method, path, verb: None, found: None, others: Vec::new() };

        // A colon belongs to the verb only if a rule owns that verb for this path; otherwise it is data.
        let colon = segments.last().and_then(|last| path[last.clone()].rfind(':').map(|at| last.start + at));
        if let Some((colon, verb)) =
            colon.map(|at| (at, &path[at + 1..])).filter(|(_, verb)| self.verbs.contains(*verb))
        {
            let mut shortened = segments.clone();
            if let Some(last) = shortened.last_mut() {
                last.end = colon;
            }
            search.verb = Some(verb);
            self.root.search(&shortened, &mut search);
            if search.is_over() {
                return search.result(shortened);
            }
            search.verb = None;
        }
        self.root.search(&segments, &mut search);
        search.result(segments)
    }

    fn insert(&mut self, rule: Rule, file: &str) -> Result<(), RuleError> {
        let rule = Arc::new(rule);
        let mut node = &mut self.root;
        let mut ends_with_rest = false;
        for atom in &rule.template.atoms {
            match atom {
                Atom::Literal(text) => node = node.literals.entry(text.clone()).or_default(),
                Atom::Single => node = node.single.get_or_insert_default(),
                Atom::Rest => ends_with_rest = true,
            }
        }
        let siblings = if ends_with_rest { &mut node.rest } else { &mut node.ends };
        let is_same = |other: &&Arc<Rule>| other.verb == rule.verb && other.template.verb == rule.template.verb;
        if let Some(other) = siblings.iter().find(is_same) {
            return Err(RuleError {
                file: file.to_owned(),
                rpc: rule.rpc.full_name.clone(),
                template: rule.template.text.to_string(),
                problem: format!("is taken by {} with `{}`", other.rpc.full_name, other.template.text),
            });
        }
        siblings.push(Arc::clone(&rule));
        self.verbs.extend(rule.template.verb.clone());
        self.rules.push(rule);
        Ok(())
    }
}

impl Node {
    /// Looks for the most specific rule below this node. Each node is visited at most once, so the tree bounds the work.
    fn search<'t>(&'t self, segments: &[Range<usize>], search: &mut Search<'t, '_>) {
        if search.found.is_some() {
            return;
        }
        let Some((first, others)) = segments.split_first() else {
            search.consider(&self.ends);
            search.consider(&self.rest);
            return;
        };
        if let Some(node) = self.literals.get(&search.path[first.clone()]) {
            node.search(others, search);
        }
        if let Some(node) = self.single.as_ref().filter(|_| !first.is_empty()) {
            node.search(others, search);
        }
        if !self.rest.is_empty() && segments.iter().all(|segment| !segment.is_empty()) {
            search.consider(&self.rest);
        }
    }
}

struct Search<'t, 'r> {
    method: &'r Method,
    path: &'r str,
    verb: Option<&'r str>,
    found: Option<&'t Arc<Rule>>,
    others: Vec<Method>,
}

impl<'t> Search<'t, '_> {
    fn consider(&mut self, rules: &'t [Arc<Rule>]) {
        for rule in rules.iter().filter(|rule| rule.template.verb.as_deref() == self.verb) {
            let is_it = match &rule.verb {
                Verb::Any => true,
                Verb::Is(method) => method == self.method || (self.method == Method::HEAD && method == Method::GET),
            };
            if is_it && self.found.is_none() {
                self.found = Some(rule);
            } else {
                note(&mut self.others, &rule.verb);
            }
        }
    }

    fn is_over(&self) -> bool {
        self.found.is_some() || !self.others.is_empty()
    }

    fn result(self, segments: Vec<Range<usize>>) -> Found<'t> {
        match self.found {
            Some(rule) => Found::Rule(rule, segments),
            None if !self.others.is_empty() => Found::OtherMethods(self.others),
            None => Found::Nothing,
        }
    }
}

fn note(methods: &mut Vec<Method>, verb: &Verb) {
    if let Verb::Is(method) = verb
        && !methods.contains(method)
    {
        methods.push(method.clone());
    }
}

/// Where the segments of `path` lie. `None` if it has dot segments, which no rule means.
fn segments(path: &str) -> Option<Vec<Range<usize>>> {
    let rest = path.strip_prefix('/')?;
    let mut segments = Vec::with_capacity(8);
    if rest.is_empty() {
        return Some(segments);
    }
    let mut start = 1;
    for segment in rest.split('/') {
        if matches!(segment, "." | "..") {
            return None;
        }
        segments.push(start..start + segment.len());
        start += segment.len() + 1;
    }
    Some(segments)
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
