//! The pages of all terms as files for a browser.

use std::fs;
use std::path::Path;

use comeback::exit::Exit;
use comeback::failure::Failure;
use comeback_report::figures::{count, plain};
use comeback_report::term_html::{INDEX_NAME, site};

use super::Library;
use crate::cli::print;

/// Writes the files into the folder, which is made where it is missing; files of other names there are left alone.
pub(super) fn write(folder: &Path, library: &Library) -> Result<Exit, Failure> {
    let refused = |action, path: &Path| {
        let path = path.to_owned();
        move |source| Failure::System { action, path, source }
    };
    fs::create_dir_all(folder).map_err(refused("make the folder", folder))?;
    for file in site(&library.terms, &library.knowledge) {
        let path = folder.join(file.name);
        fs::write(&path, file.text).map_err(refused("write", &path))?;
    }
    let pages = count(library.terms.all().len() as u64);
    print(&format!("{pages} pages; begin with {}\n", plain(&folder.join(INDEX_NAME).display().to_string())))?;
    Ok(Exit::Success)
}
