"""One module a study: prepare, init, loss, train, predict, evaluate, as functions of arrays."""
