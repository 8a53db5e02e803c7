//! The words that everybody uses, whatever they speak about: heard, they tell little of what is asked.

const WORDS: &str = "\
    able about above actually after again against ago all almost alone already also although always am among an and \
    another any anybody anyone anything anyway are around as ask at away back bad be because been before behind being \
    below best better between big both but by came can cannot children close come could day did different do does doing \
    done down during each early either else end enough even ever every everybody everyone everything evening except \
    family far father fast feel few find first for forget friend friends from front full gave get getting give given go \
    goes going gone good got great had half happy hard has have having he hear heard her here herself high him himself \
    his home house how husband idea if important in inside into is it its itself just keep kept kind knew know known \
    last late later least left less let life light like little live long look lot made make many maybe me mean might \
    mind mine minute minutes moment money more morning most mother much must my myself name near need never new next \
    nice night nobody none not nothing now number of off often old on once only open or other others our ours ourselves \
    out over own paid part people perhaps person place please point problem put question quite rather read ready really \
    right said same saw say see seem send sent set several she short show side since small so some somebody someone \
    something sometimes somewhere son soon sorry still stop such sure take talk tell than thank that the their them \
    themselves then there these they thing things think this those thought through time times to today together told \
    tomorrow tonight too took toward town tried try turn under until up upon us use used usually very wait want was \
    way we week well went were what when where whether which while who whole why wife will with without woman word \
    words work world would write wrong year years yes yesterday yet you young your yours yourself";

/// All of them, in small letters.
pub(super) fn words() -> impl Iterator<Item = &'static str> {
    WORDS.split_whitespace()
}

/// Whether a small-lettered word is one of them.
pub(super) fn is_everyday(word: &str) -> bool {
    words().any(|known| known == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_known_by_their_letters_alone() {
        assert!(is_everyday("money") && is_everyday("yourself"));
        assert!(!is_everyday("quartet") && !is_everyday("") && !is_everyday("mon"));
    }
}
