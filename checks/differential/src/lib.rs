//! Nothing here: the checks are tests.
