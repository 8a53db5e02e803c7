//! Closures of views, made small.

use std::sync::Arc;

/// A view's closure behind a pointer.
///
/// Leptos compiles the code that keeps a node up to date once for each type of closure, and each closure has a type of
/// its own; behind one pointer type they share that code, which the browser has to load.
pub type Live<T> = Arc<dyn Fn() -> T + Send + Sync>;

/// Wraps `f` for use as a child, an attribute, a class or a property.
pub fn live<T>(f: impl Fn() -> T + Send + Sync + 'static) -> Live<T> {
    Arc::new(f)
}
