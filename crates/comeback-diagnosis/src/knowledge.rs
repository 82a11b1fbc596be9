//! Everything that is known of causes, statuses and products, parsed and compiled once.
//!
//! A [`Knowledge`] is a value that its owner keeps and passes on; there is no global one. The data lies in `knowledge/` and is
//! compiled into the program.

use crate::cause::Cause;
use crate::cause_facts::{CauseFacts, CauseTable};
use crate::error::DiagnosisError;
use crate::exchange::Response;
use crate::languages::{self, LANGUAGE_FILES};
use crate::phrases::Phrases;
use crate::sight::{FURNITURE, Sight};
use crate::signature::{Conditions, FieldCondition, ProductFile, Signature};
use crate::signature_files::SIGNATURE_FILES;
use crate::signature_index::SignatureIndex;
use crate::status_facts::{StatusFacts, StatusTable};

/// The knowledge that diagnosis reads.
#[derive(Debug, Clone)]
pub struct Knowledge {
    causes: CauseTable,
    statuses: StatusTable,
    products: Vec<ProductFile>,
    phrases: Phrases,
    index: SignatureIndex,
    /// For each signature's number, the place of its file and its place in the file.
    places: Vec<(usize, usize)>,
}

/// The texts of the files in `knowledge/`; those of which there are many come with their names.
#[derive(Debug, Clone, Copy)]
pub struct KnowledgeFiles<'a> {
    /// `causes.toml`.
    pub causes: &'a str,
    /// `statuses.toml`.
    pub statuses: &'a str,
    /// `situations.toml`.
    pub situations: &'a str,
    /// `languages/*.toml`.
    pub languages: &'a [(&'a str, &'a str)],
    /// `signatures/*.toml`.
    pub signatures: &'a [(&'a str, &'a str)],
}

/// A signature that fired, with the file of the product whose words it knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Firing<'a> {
    pub(crate) file: &'a ProductFile,
    pub(crate) signature: &'a Signature,
    /// How much it counts on this response.
    pub(crate) weight: f64,
}

impl Firing<'_> {
    /// Whether it rests on words that many products share.
    pub(crate) fn is_common_wording(&self) -> bool {
        self.file.product.is_none() && self.signature.when.rest_on_words()
    }
}

impl Knowledge {
    /// The knowledge that is compiled in.
    ///
    /// ```
    /// use comeback_diagnosis::cause::Cause;
    /// use comeback_diagnosis::knowledge::Knowledge;
    /// let knowledge = Knowledge::builtin();
    /// assert_eq!(knowledge.cause(Cause::BotChallenge).waiting_helps, Some(false));
    /// ```
    #[must_use]
    pub fn builtin() -> Self {
        let files = KnowledgeFiles {
            causes: include_str!("../knowledge/causes.toml"),
            statuses: include_str!("../knowledge/statuses.toml"),
            situations: include_str!("../knowledge/situations.toml"),
            languages: &LANGUAGE_FILES,
            signatures: &SIGNATURE_FILES,
        };
        Self::parse(&files).expect("the knowledge compiled in is the knowledge that the tests parsed")
    }

    /// Parses and compiles knowledge from the texts of its files.
    ///
    /// # Errors
    /// [`DiagnosisError::Knowledge`] names the file that does not say what it must.
    pub fn parse(files: &KnowledgeFiles<'_>) -> Result<Self, DiagnosisError> {
        let wrong = |file: &str, detail: String| DiagnosisError::Knowledge { file: file.to_owned(), detail };
        let mut products = Vec::with_capacity(files.signatures.len() + files.languages.len());
        for (file, text) in files.signatures {
            let product: ProductFile = toml::from_str(text).map_err(|error| wrong(file, error.to_string()))?;
            products.push(product);
        }
        products.extend(languages::parse(files.situations, files.languages)?);
        let all = || products.iter().flat_map(|product| &product.signature).map(|signature| &signature.when);
        let furniture = FURNITURE.into_iter().map(|tag| (tag.to_owned(), true));
        let of_one = |when: &Conditions| when.phrases().map(|phrase| (phrase, when.may_be_success())).collect::<Vec<_>>();
        let phrases = Phrases::compile(all().flat_map(of_one).chain(furniture));
        let phrases = phrases.map_err(|error| wrong("signatures", error.to_string()))?;
        for signature in products.iter_mut().flat_map(|product: &mut ProductFile| &mut product.signature) {
            signature.when.compile(&phrases);
        }
        let places =
            products.iter().enumerate().flat_map(|(file, product)| (0..product.signature.len()).map(move |one| (file, one)));
        Ok(Self {
            causes: CauseTable::parse(files.causes)?,
            statuses: StatusTable::parse(files.statuses)?,
            index: SignatureIndex::of(&products, &phrases),
            phrases,
            places: places.collect(),
            products,
        })
    }

    /// What is known of a cause.
    #[must_use]
    pub fn cause(&self, cause: Cause) -> &CauseFacts {
        self.causes.facts(cause)
    }

    /// What a status says by itself.
    #[must_use]
    pub fn status(&self, status: u16) -> &StatusFacts {
        self.statuses.facts(status)
    }

    /// The signature files in alphabetical order, then a file of signatures for each language.
    pub fn products(&self) -> impl Iterator<Item = &ProductFile> {
        self.products.iter()
    }

    /// The signatures that fire on a response, each with its product's file, heaviest first.
    #[must_use]
    pub fn fired(&self, response: &Response<'_>) -> Vec<(&ProductFile, &Signature)> {
        self.firings(response).into_iter().map(|firing| (firing.file, firing.signature)).collect()
    }

    /// The signatures that fire on a response, heaviest first.
    pub(crate) fn firings(&self, response: &Response<'_>) -> Vec<Firing<'_>> {
        let sight = Sight::of(response, &self.phrases);
        let firing = |number: usize| {
            let (file, place) = self.places[number];
            let file = &self.products[file];
            let signature = &file.signature[place];
            signature.when.are_met(&sight).then(|| Firing { file, signature, weight: signature.weight_on(&sight) })
        };
        let mut fired: Vec<_> = self.index.candidates(&sight).into_iter().filter_map(firing).collect();
        fired.sort_by(|one, other| other.weight.total_cmp(&one.weight));
        fired
    }

    /// The products that show by a field that they stand in front, each with that field.
    pub fn present<'a>(&'a self, response: &'a Response<'a>) -> impl Iterator<Item = (&'a str, &'a FieldCondition)> {
        self.index.files_present(response).into_iter().filter_map(|file| {
            let file = &self.products[file];
            let field = file.presence.iter().find(|field| field.is_met(response))?;
            Some((file.product.as_deref()?, field))
        })
    }
}
