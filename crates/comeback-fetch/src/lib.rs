//! One attempt over one route, with exact bytes and every limit.
