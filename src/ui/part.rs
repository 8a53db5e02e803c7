//! Views of the browser's own, made small.

use leptos::{
    attr::{Attribute, any_attribute::AnyAttribute},
    prelude::{AddAnyAttr, ArcMemo, Get, Mountable, Render, RenderHtml},
    tachys::{
        hydration::Cursor,
        renderer::types::{Element, Node},
        view::{Position, PositionState},
    },
};

use send_wrapper::SendWrapper;

use super::live::{Live, live};

/// A part of what only a browser shows, its type forgotten.
///
/// Leptos compiles the code that keeps, moves and replaces a part once for each type of view, the parts within it
/// included; behind one pointer type they share that code, which the browser has to load. A part is never brought up to
/// date as a whole: whatever changes in it is [`Live`]. It stands in the page or is about to; a server makes none.
pub struct Part(SendWrapper<Box<dyn Mountable>>);

/// Builds a view and forgets its type.
pub fn part<V>(view: V) -> Part
where
    V: Render,
    V::State: 'static,
{
    Part(SendWrapper::new(Box::new(view.build())))
}

/// A part that stands only while `condition` holds.
pub fn when<V>(
    condition: impl Fn() -> bool + Send + Sync + 'static,
    view: impl Fn() -> V + Send + Sync + 'static,
) -> Live<Option<Part>>
where
    V: Render,
    V::State: 'static,
{
    let holds = ArcMemo::new(move |_| condition());
    live(move || holds.get().then(|| part(view())))
}

impl Render for Part {
    type State = Self;

    fn build(self) -> Self {
        self
    }

    fn rebuild(self, state: &mut Self) {
        let mut old = std::mem::replace(state, self);
        old.insert_before_this(state);
        old.unmount();
    }
}

impl RenderHtml for Part {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    fn to_html_with_buf(self, _: &mut String, _: &mut Position, _: bool, _: bool, _: Vec<AnyAttribute>) {}

    fn hydrate<const FROM_SERVER: bool>(self, _: &Cursor, _: &PositionState) -> Self {
        self
    }

    fn into_owned(self) -> Self {
        self
    }
}

impl AddAnyAttr for Part {
    type Output<SomeNewAttr: Attribute> = Self;

    fn add_any_attr<NewAttr: Attribute>(self, _: NewAttr) -> Self {
        self
    }
}

impl Mountable for Part {
    fn unmount(&mut self) {
        self.0.unmount();
    }

    fn mount(&mut self, parent: &Element, marker: Option<&Node>) {
        self.0.mount(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.0.insert_before_this(child)
    }

    fn elements(&self) -> Vec<Element> {
        self.0.elements()
    }
}
