//! No two files of an edge import each other, by whatever way round: who reads one reads what stands below it, and nothing
//! else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may stop at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// Folders below `src/` that are held.
const HELD: [&str; 3] = ["analysis", "tell", "mcp"];

/// A module by its path in the crate; a file each.
type Module = Vec<String>;

/// The paths a file names, its unit tests aside.
#[derive(Default)]
struct Named(Vec<Vec<String>>);

impl<'ast> Visit<'ast> for Named {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let is_test = item.attrs.iter().any(|attribute| attribute.path().is_ident("cfg"));
        if !is_test {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&item.tree, &mut Vec::new());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.0.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    /// `pub(in crate::mcp)` imports nothing.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.tokens(called.tokens.clone());
    }
}

impl Named {
    fn tree(&mut self, tree: &syn::UseTree, above: &mut Vec<String>) {
        match tree {
            syn::UseTree::Path(path) => {
                above.push(path.ident.to_string());
                self.tree(&path.tree, above);
                above.pop();
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(tree, above)),
            syn::UseTree::Name(syn::UseName { ident }) | syn::UseTree::Rename(syn::UseRename { ident, .. }) => {
                self.0.push([above.as_slice(), &[ident.to_string()]].concat());
            }
            syn::UseTree::Glob(_) => self.0.push(above.clone()),
        }
    }

    /// The paths in what a macro is given: `a::b::c`.
    fn tokens(&mut self, tokens: TokenStream) {
        let (mut path, mut colons) = (Vec::new(), 0);
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.0.push(std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => self.tokens(group.stream()),
                _ => colons = 3,
            }
        }
        self.0.push(path);
    }
}

/// The files of a folder, and what each names.
fn read(folder: &Path, above: &[String], found: &mut BTreeMap<Module, Named>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            read(&path, &[above, &[name]].concat(), found);
        } else {
            let file = syn::parse_file(&std::fs::read_to_string(&path).unwrap()).unwrap();
            let mut named = Named::default();
            named.visit_file(&file);
            let module = if name == "mod" { above.to_vec() } else { [above, &[name]].concat() };
            found.insert(module, named);
        }
    }
}

/// The file in which a path that a file names is looked for; `None`: none of these.
fn home(path: &[String], here: &Module, files: &BTreeMap<Module, Named>) -> Option<Module> {
    let whole: Module = match path.first()?.as_str() {
        "crate" => path[1..].to_vec(),
        "self" | "super" => {
            let ups = path.iter().filter(|part| *part == "super").count();
            let rest = path.iter().skip_while(|part| matches!(part.as_str(), "self" | "super")).cloned();
            here[..here.len().checked_sub(ups)?].iter().cloned().chain(rest).collect()
        }
        _ => [here.as_slice(), path].concat(),
    };
    let longest = (1..=whole.len()).rev().map(|length| whole[..length].to_vec()).find(|one| files.contains_key(one))?;
    // A name of its own that is no module below it.
    (longest != *here).then_some(longest)
}

/// A way from a file back to itself.
fn circle(from: &Module, imports: &BTreeMap<Module, BTreeSet<Module>>) -> Option<Vec<Module>> {
    let (mut ways, mut seen) = (vec![vec![from.clone()]], BTreeSet::new());
    while let Some(way) = ways.pop() {
        for next in &imports[way.last().unwrap()] {
            if next == from {
                return Some(way);
            }
            if seen.insert(next.clone()) {
                ways.push([way.as_slice(), std::slice::from_ref(next)].concat());
            }
        }
    }
    None
}

#[test]
fn no_file_imports_one_that_imports_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = BTreeMap::new();
    for folder in HELD {
        read(&src.join(folder), &[folder.to_owned()], &mut files);
    }
    assert!(files.len() > 150, "{}", files.len());
    let imports: BTreeMap<Module, BTreeSet<Module>> = files
        .iter()
        .map(|(here, named)| (here.clone(), named.0.iter().filter_map(|path| home(path, here, &files)).collect()))
        .collect();
    // What is read is what is there.
    let of = |name: &str| &imports[&name.split('/').map(str::to_owned).collect::<Module>()];
    assert!(of("mcp/tools/explain").contains(&vec!["mcp".to_owned(), "report".to_owned()]));
    assert!(of("analysis/story").contains(&["analysis", "story", "crash"].map(str::to_owned).to_vec()));
    let circles: Vec<String> = imports
        .keys()
        .filter_map(|from| circle(from, &imports))
        .map(|way| way.iter().map(|module| module.join("/")).collect::<Vec<_>>().join(" -> "))
        .collect();
    assert!(circles.is_empty(), "{} files import each other:\n{}", circles.len(), circles.join("\n"));
}
